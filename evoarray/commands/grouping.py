# SPDX-License-Identifier: Apache-2.0
"""Commands whose help shows their options under headings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click


class Grouped(click.Command):
    """A command of which groups has the parameters of each heading, all of them once.

    unused, if any, says which of them have no effect with the values given so far.
    """

    def __init__(
        self,
        *args: Any,
        groups: Mapping[str, Sequence[str]],
        unused: Callable[[Mapping[str, Any]], frozenset[str]] = lambda _: frozenset(),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.groups, self._unused = groups, unused

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Command."""
        records = {str(each.name): each.get_help_record(ctx) for each in self.params}
        if option := self.get_help_option(ctx):
            records["help"] = option.get_help_record(ctx)
        unused = self._unused(ctx.params)
        for heading, names in self.groups.items():
            rows = [row for name in names if name not in unused and (row := records.get(name))]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

# SPDX-License-Identifier: Apache-2.0
"""Options that other settings make meaningless: who gives one is told so, not left to believe.

Settings say in `effects`, as data, when each option has an effect. Only what a user gave counts,
not what a preset did. The default, 0 and none are no claim to anything: so all settings of a run
that was done may be given again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evoarray.model.errors import InputError


@dataclass(frozen=True)
class Effect:
    """Options, by the names of their fields, that have an effect when this holds of the settings.

    otherwise completes the sentence that they have no effect; it may name a setting as {field}.
    instead, if anything, is what to give for them to have one.
    """

    options: Sequence[str]
    when: Callable[[Any], bool]
    otherwise: str
    instead: str = ""


def used_by(setting: str, users: Mapping[str, Sequence[str]]) -> Sequence[Effect]:
    """Return the effects of options by the choices of a setting that they have one with."""

    def effect(option: str, choices: Sequence[str]) -> Effect:
        with_ = f"with {setting} {{{setting}}}"
        return Effect((option,), lambda settings: getattr(settings, setting) in choices, with_)

    return [effect(option, choices) for option, choices in users.items()]


def idle(given: Iterable[str], settings: Any) -> Mapping[str, str]:
    """Return the given options, named with -, that have no effect, and a sentence for each."""
    fields = {name.replace("-", "_"): name for name in given}
    return {
        fields[option]: f"{fields[option]} has no effect {_words(effect, settings)}"
        for effect in settings.effects
        for option in effect.options
        if option in fields and _says_something(settings, option) and not effect.when(settings)
    }


def refuse_idle(given: Iterable[str], settings: Any) -> None:
    """Raise InputError for the first option given that has no effect with the settings."""
    for sentence in idle(given, settings).values():
        raise InputError(sentence)


def _says_something(settings: Any, option: str) -> bool:
    value = getattr(settings, option)
    return value not in {0, "none", "", type(settings).__dataclass_fields__[option].default}


def _words(effect: Effect, settings: Any) -> str:
    instead = f", or give {effect.instead}" if effect.instead else ""
    return f"{effect.otherwise.format_map(vars(settings))}; leave it out{instead}"

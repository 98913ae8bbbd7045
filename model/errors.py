# SPDX-License-Identifier: Apache-2.0
"""The one exception for what a user can put right."""


class InputError(ValueError):
    """What the user gave cannot be used; the message is one sentence that says what to do."""

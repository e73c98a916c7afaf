"""The form to sign in with: outside of the pages, which are loaded by the site that it is for."""

from typing import ClassVar

from unfold.forms import AuthenticationForm


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    """It says the same of a wrong password, an account that is not there, and too many tries."""

    error_messages: ClassVar[dict[str, str]] = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This address and password do not belong together, or there were too many tries. "
        "Try again in a while, or ask an administrator.",
    }

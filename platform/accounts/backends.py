"""How a password is looked at: counted before, on record after."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.services.sign_in_tries import begin_try, end_try
from kernel.addresses import address_of


class CountedBackend(ModelBackend):
    """Django's own, which takes as long for an account that is not there; with limits to how often one may try."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """PermissionDenied for too many tries, which forms tell as they tell of a wrong password."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        counted = begin_try(username, address_of(request.META.get("REMOTE_ADDR")))
        if not counted.is_allowed:
            raise PermissionDenied
        user = super().authenticate(request, username, password, **kwargs)
        end_try(counted, username, user if isinstance(user, User) else None)
        return user

"""What happens when somebody signs in or out."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from accounts.models import SignIn, User
from accounts.services.memberships import take_up_memberships
from accounts.services.sign_ins import SESSION_KEY, begin_sign_in, end_sign_ins


@receiver(user_logged_in)
def signed_in(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    take_up_memberships(user)
    begin_sign_in(user, request)


@receiver(user_logged_out)
def signed_out(sender: Any, request: Any, **kwargs: Any) -> None:
    if pk := request.session.get(SESSION_KEY):
        end_sign_ins(SignIn.objects.filter(pk=pk))

"""The admin pages of teams, applications, keys and people."""

from accounts.admin.api_keys import ApiKeyAdmin
from accounts.admin.applications import ApplicationAdmin
from accounts.admin.sign_ins import SignInAdmin, SignInAttemptAdmin, SignInCountAdmin
from accounts.admin.teams import TeamAdmin
from accounts.admin.users import PersonAdmin

__all__ = [
    "ApiKeyAdmin",
    "ApplicationAdmin",
    "PersonAdmin",
    "SignInAdmin",
    "SignInAttemptAdmin",
    "SignInCountAdmin",
    "TeamAdmin",
]

from accounts.models.api_key import ApiKey
from accounts.models.application import Application
from accounts.models.membership import Membership, Role
from accounts.models.root_secret import RootSecret
from accounts.models.sign_in import SignIn, SignInAttempt, SignInCount
from accounts.models.team import Team
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "Application",
    "Membership",
    "Role",
    "RootSecret",
    "SignIn",
    "SignInAttempt",
    "SignInCount",
    "Team",
    "User",
]

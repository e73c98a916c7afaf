"""The key with which Gatehouse itself calls its gateway for a team: evaluations, the playground, knowledge.

Its calls pass through the same pipeline as any application's, so the team's budgets, limits and privacy rules hold. The
secret is derived from the root secret, so that every process can have it and none has to store it.
"""

import hmac
from hashlib import sha512

from django.db import IntegrityError, transaction

from accounts.models import ApiKey, Application, Team
from accounts.policy import key_text
from accounts.services.root_secret import root_secret
from kernel.ids import ALPHABET, random_token

APPLICATION = "Gatehouse"
"""The name of the application that these calls go under, in usage and on the record."""


def internal_key(team: Team) -> str:
    """The text of the team's internal key; made when there is none yet. It reaches gateways within a second."""
    try:
        return _key_of(team)
    except IntegrityError:  # another process made it at the same moment
        return _key_of(team)


@transaction.atomic
def _key_of(team: Team) -> str:
    application = Application.objects.filter(team=team, is_internal=True).first()
    if application is None:
        application = Application.objects.create(
            team=team,
            name=_free_name(team),
            is_internal=True,
            description="Evaluations, the playground and knowledge bases of the team. Managed by Gatehouse.",
        )
    key = application.api_keys.filter(revoked_at=None).first()
    if key is None:
        key_id = random_token(key_text.KEY_ID_LENGTH)
        text = _text(key_id)
        application.api_keys.create(name="internal", key_id=key_id, secret_hash=key_text.key_digest(text))
        return text
    text = _text(key.key_id)
    if bytes(key.secret_hash) != key_text.key_digest(text):  # the root secret is another one
        ApiKey.objects.filter(pk=key.pk).update(secret_hash=key_text.key_digest(text))
    return text


def _free_name(team: Team) -> str:
    taken = set(Application.objects.filter(team=team).values_list("name", flat=True))
    names = (APPLICATION, *(f"{APPLICATION} {number}" for number in range(2, 1000)))
    return next(name for name in names if name not in taken)


def _text(key_id: str) -> str:
    digest = hmac.digest(root_secret().encode(), b"internal-key:" + key_id.encode(), sha512)
    secret = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[: key_text.SECRET_LENGTH])
    return key_text.compose(key_id=key_id, secret=secret)

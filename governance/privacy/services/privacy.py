"""Privacy policies: drafts, and the versions published from them."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from accounts.models import User
from accounts.services.known_models import known_chat_models
from governance.privacy.models import PrivacyPolicy, PrivacyPolicyVersion, RedactionRule
from governance.privacy.policy.custom_rules import BadPatternError, CustomRule
from governance.privacy.policy.kinds import KINDS
from governance.privacy.policy.languages import LANGUAGES
from governance.privacy.policy.privacy import (
    Effective,
    PolicyDocument,
    PrivacyRule,
    Screening,
    decode_policy,
    encode_policy,
)
from governance.privacy.policy.recognition.engine import LANGUAGE_ENTITIES
from governance.privacy.selectors import Policies, preset
from kernel.errors import InvalidError

MAX_RULES, MAX_PATTERNS, MAX_WORDS = 300, 300, 10_000
"""Of one policy: what each call is asked by costs it, and every call beside it."""


class UnusablePolicyError(InvalidError):
    """The draft can't be published; the message says what to change."""

    code = "unusable_policy"
    field = "draft"


def policy_document(policy: PrivacyPolicy) -> PolicyDocument:
    """The draft as it stands. UnusablePolicyError where a rule can't be used."""
    rules = tuple(rule_of(row) for row in policy.rules.all())
    screening = {field: getattr(policy, name) for name, field in PrivacyPolicy.SCREENING.items()}
    settings = {name: getattr(policy, name) for name in PrivacyPolicy.SETTINGS}
    document = PolicyDocument(rules=rules, screening=Screening(**screening), **settings)
    check_policy(document)
    return document


def rule_of(row: RedactionRule) -> PrivacyRule:
    """A row of the draft as a rule."""
    values: dict[str, Any] = {name: getattr(row, name) for name in RedactionRule.FIELDS}
    return PrivacyRule(**{name: _frozen(value) for name, value in values.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def check_policy(document: PolicyDocument) -> None:
    """UnusablePolicyError, with what to change, where there are too many rules, or for the first that can't be used."""
    for what, count, most in (
        ("rules", len(document.rules), MAX_RULES),
        ("patterns", sum(len(rule.patterns) for rule in document.rules), MAX_PATTERNS),
        ("words to find", sum(len(rule.deny) for rule in document.rules), MAX_WORDS),
    ):
        if count > most:
            raise UnusablePolicyError(
                f"A policy can have at most {most:,} {what}, and this one has {count:,}: each is looked for in every text. "
                "Values of one kind can be the words of one rule, and patterns can be joined by |."
            )
    for rule in document.rules:
        check_rule(rule)


def check_other_model(name: str) -> None:
    """UnusablePolicyError where another model is named and no route that answers in text is called so."""
    known = known_chat_models()
    if name and known and name not in known:
        raise UnusablePolicyError(
            f"There is no route named “{name}” that answers in text. See Routes for the names."
        )


def check_names(effective: Effective) -> None:
    """UnusablePolicyError where names are asked for, and no rule does anything with them."""
    if effective.names and not any(rule.entity in LANGUAGE_ENTITIES for _, rule in effective.rules):
        kinds = ", ".join(LANGUAGE_ENTITIES)
        raise UnusablePolicyError(
            f"Names are to be found, but no rule says what is done with them: add one for {kinds}, or switch names off."
        )


def check_rule(rule: PrivacyRule) -> None:
    """UnusablePolicyError where this rule can't be used."""
    if not _is_kind(rule.entity):
        raise UnusablePolicyError(
            f"“{rule.entity}” is not a valid kind: use capital letters, digits and underscores, such as CUSTOMER_ID."
        )
    if not rule.is_custom and rule.entity not in KINDS:
        raise UnusablePolicyError(f"{rule.entity} is not built in: give the rule a pattern or words to find.")
    if (rule.context or rule.checksum) and not rule.patterns:
        raise UnusablePolicyError(f"{rule.entity}: context words and checksums are for rules with a pattern.")
    if unknown := set(rule.languages) - set(LANGUAGES):
        raise UnusablePolicyError(
            f"{rule.entity}: the language {', '.join(sorted(unknown))} is not known. There are: {', '.join(LANGUAGES)}."
        )
    try:
        CustomRule(rule)
    except BadPatternError as error:
        raise UnusablePolicyError(f"{rule.entity}: {error}") from error


def _is_kind(entity: str) -> bool:
    return entity.isascii() and entity.isupper() and entity.replace("_", "").isalnum() and entity[0].isalpha()


@transaction.atomic
def publish(policy: PrivacyPolicy, *, by: User | None, reason: str) -> PrivacyPolicyVersion:
    """Puts the draft in force as a new version; by nobody where a command does it. UnusablePolicyError where it can't be, or without a reason."""
    if not reason.strip():
        raise UnusablePolicyError("Give a reason: it is kept on record with the version.")
    policy = PrivacyPolicy.objects.select_for_update().get(pk=policy.pk)
    draft = policy_document(policy)
    check_names(Policies().with_draft(policy, draft))
    check_other_model(draft.other_model)
    document = encode_policy(draft)
    last = policy.versions.first()
    version = PrivacyPolicyVersion.objects.create(
        policy=policy,
        number=last.number + 1 if last else 1,
        document=document,
        reason=reason.strip(),
        created_by=by,
    )
    policy.in_force = version
    policy.save(update_fields=("in_force",))
    if by is not None:
        LogEntry.objects.log_actions(
            by.pk,
            [policy],
            CHANGE,
            f"Published version {version.number}: {version.reason}",
            single_object=True,
        )
    return version


@transaction.atomic
def withdraw_policy(policy: PrivacyPolicy, *, by: User, reason: str) -> None:
    """Takes the policy out of force; its versions and its draft stay. The levels above it still hold."""
    if not reason.strip():
        raise UnusablePolicyError("Give a reason: it is kept on record.")
    PrivacyPolicy.objects.filter(pk=policy.pk).update(in_force=None)
    LogEntry.objects.log_actions(
        by.pk, [policy], CHANGE, f"Taken out of force: {reason.strip()}", single_object=True
    )


@transaction.atomic
def take_up(policy: PrivacyPolicy, document: PolicyDocument) -> None:
    """Makes the draft say what a document says: an earlier version, to go back to it, or the default, to begin with."""
    for name in PrivacyPolicy.SETTINGS:
        setattr(policy, name, getattr(document, name))
    for name, field in PrivacyPolicy.SCREENING.items():
        setattr(policy, name, getattr(document.screening, field))
    policy.save()
    put_rules(policy, document.rules)


def put_rules(policy: PrivacyPolicy, rules: tuple[PrivacyRule, ...]) -> None:
    """Replaces the rules of the draft."""
    policy.rules.all().delete()
    RedactionRule.objects.bulk_create(
        RedactionRule(policy=policy, **{name: _stored(getattr(rule, name)) for name in RedactionRule.FIELDS})
        for rule in rules
    )


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def start_with_default(policy: PrivacyPolicy) -> None:
    """Fills the draft of a new policy: of the organisation with what holds without one, of others with nothing."""
    if policy.team_id is None:
        take_up(policy, preset().document)


def policy_document_from(value: Mapping[str, Any]) -> PolicyDocument:
    """A checked document from its JSON value. msgspec.ValidationError or UnusablePolicyError says what is wrong."""
    document = decode_policy(value)
    check_policy(document)
    check_other_model(document.other_model)
    return document

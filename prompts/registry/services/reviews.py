"""From draft to approved: submitting, verdicts, comments. The rules hold whoever asks: the admin, the API, a command."""

from django.db import transaction

from accounts.access.principals import has_capability
from accounts.models import User
from accounts.policy.roles import Capability
from kernel.clock import utc_now
from prompts.registry.models import PromptVersion, Review, ReviewComment, ReviewVerdict, VersionState
from prompts.registry.policy.document import decode_document, encode_document
from prompts.registry.selectors.reviews import review_standing
from prompts.registry.services.prompts import PromptError, document_digest, draft_problems, note_change
from prompts.registry.services.proposals import why_not_taken
from prompts.registry.signals import in_use_asked


class UnsubmittableError(PromptError):
    """The draft can't be submitted; each of `problems` says what to change."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems), problems=problems)


@transaction.atomic
def submit(*, version: PromptVersion, by: User | None) -> PromptVersion:
    """Hands a draft to the reviewers; from here it never changes. With no rule to meet it is approved at once."""
    version = _locked(version)
    if version.state != VersionState.DRAFT:
        raise PromptError(f"Version {version.number} was submitted already.")
    problems = draft_problems(version)
    if not version.note.strip():
        problems.append("Say what changed: reviewers read it first.")
    problems += why_not_taken(version)
    if problems:
        raise UnsubmittableError(problems)
    version.document = encode_document(decode_document(version.document))
    version.digest = document_digest(version.document)
    version.state, version.submitted_at = VersionState.IN_REVIEW, utc_now()
    version.save()
    note_change(version.prompt, by, f"Submitted version {version.number}: {version.note.strip()}")
    return _settled(version)


@transaction.atomic
def take_back(*, version: PromptVersion, by: User | None) -> PromptVersion:
    """Makes a version in review a draft again. What reviewers said of it stays on record, and counts no more."""
    version = _locked(version)
    if version.state != VersionState.IN_REVIEW:
        raise PromptError("Only a version in review can be taken back.")
    if names := list(version.labels.values_list("name", flat=True)):
        raise PromptError(f"The label {', '.join(names)} leads to it: move that first.")
    version.state, version.submitted_at, version.digest = VersionState.DRAFT, None, ""
    version.save()
    version.reviews.filter(is_stale=False).update(is_stale=True)
    note_change(version.prompt, by, f"Took version {version.number} back.")
    return version


@transaction.atomic
def review(
    *, version: PromptVersion, reviewer: User, verdict: ReviewVerdict, comment: str = "", digest: str = ""
) -> Review:
    """Puts a verdict on record, and approves the version when nothing is missing any more.

    `digest` is of the document that the reviewer read: another one is refused.
    """
    version = _locked(version)
    if version.state != VersionState.IN_REVIEW:
        raise PromptError(f"Version {version.number} is not in review.")
    if digest and digest != version.digest:
        raise PromptError("The version changed since you read it. Please read it again.")
    if reviewer.pk in (version.author_id, *version.editors):
        raise PromptError("You wrote this version: somebody else must review it.")
    if not may_review(reviewer, version):
        raise PromptError("You may not review prompts of this team.")
    if verdict == ReviewVerdict.REQUEST_CHANGES and not comment.strip():
        raise PromptError("Say what should change.")
    given = Review.objects.create(
        version=version, reviewer=reviewer, verdict=verdict, comment=comment.strip(), digest=version.digest
    )
    words = "Approved" if verdict == ReviewVerdict.APPROVE else "Asked for changes of"
    note_change(version.prompt, reviewer, f"{words} version {version.number}. {comment.strip()}".strip())
    _settled(version)
    return given


@transaction.atomic
def withdraw(*, version: PromptVersion, by: User | None, reason: str) -> PromptVersion:
    """Takes a submitted version out of use for good. PromptError while callers get it."""
    version = _locked(version)
    if version.state not in (VersionState.APPROVED, VersionState.IN_REVIEW):
        raise PromptError("Only a submitted version can be withdrawn.")
    if names := list(version.labels.values_list("name", flat=True)):
        raise PromptError(f"The label {', '.join(names)} leads to it: move that first.")
    for _, in_use in in_use_asked.send(PromptVersion, version=version):
        if in_use:
            raise PromptError(in_use)
    version.state = VersionState.WITHDRAWN
    version.save(update_fields=("state",))
    note_change(version.prompt, by, f"Withdrew version {version.number}. {reason}".strip())
    return version


def may_review(user: User, version: PromptVersion) -> bool:
    """Whether somebody may review versions of this prompt; of shared ones, superusers."""
    return has_capability(user, Capability.APPROVE_PROMPTS, version.owner_id)


def comment(
    *, version: PromptVersion, by: User, text: str, path: str = "", line: int | None = None
) -> ReviewComment:
    """Adds a remark on a place of a version."""
    if not text.strip():
        raise PromptError("The remark is empty.")
    return ReviewComment.objects.create(version=version, author=by, text=text.strip(), path=path, line=line)


def _locked(version: PromptVersion) -> PromptVersion:
    return (
        PromptVersion.objects.select_for_update(of=("self",))
        .select_related("prompt__team")
        .get(pk=version.pk)
    )


def _settled(version: PromptVersion) -> PromptVersion:
    if version.state == VersionState.IN_REVIEW and review_standing(version).is_approved:
        version.state, version.approved_at = VersionState.APPROVED, utc_now()
        version.save(update_fields=("state", "approved_at"))
        note_change(version.prompt, None, f"Version {version.number} is approved.")
    return version

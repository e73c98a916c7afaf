"""The pages of a version: the editor of a draft, the version as reviewers read it, and what differs between two."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.admin.base import person, told
from kernel.clock import utc_now
from prompts.registry.admin.editor import Editor
from prompts.registry.admin.pages import back, prompt_for, render, rights, version_for
from prompts.registry.models import Prompt, PromptVersion, ReviewVerdict, VersionState
from prompts.registry.policy.document import Document, encode_document
from prompts.registry.policy.files import document_from, dump, load_document
from prompts.registry.policy.version_diff import version_diff
from prompts.registry.selectors.prompts import figures_of, readable_document
from prompts.registry.selectors.reviews import baseline_of, review_standing, rules_for
from prompts.registry.services.prompts import PromptError, delete_draft, draft_problems, save_draft
from prompts.registry.services.proposals import tokens_of, why_not_taken
from prompts.registry.services.reviews import comment, may_review, review, submit, take_back, withdraw


def draft_view(request: HttpRequest, prompt_id: int, number: int) -> HttpResponse:
    """The editor of a draft. Who saves an older state of it is told, and keeps what they wrote."""
    prompt = prompt_for(request, prompt_id, edits=True)
    version = version_for(prompt, number)
    if not version.is_draft:
        return back(request, prompt, "version", number)
    revision = version.revision
    if request.method == "POST":
        editor = Editor(readable_document(version), data=request.POST)
        sent = request.POST.get("revision", "")
        revision = int(sent) if sent.isdecimal() and len(sent) < 9 else 0
        if editor.is_valid():
            with told(request):
                rest = editor.rest.cleaned_data
                save_draft(
                    version=version, document=editor.document(), revision=revision, by=person(request),
                    note=rest["note"], goal=rest["goal"],
                )  # fmt: skip
                return _saved(request, prompt, version)
        else:
            messages.error(
                request, "Some fields can't be read: they are marked below. Nothing was saved yet."
            )
    else:
        editor = Editor(readable_document(version), note=version.note, goal=version.goal)
    return render(
        request, "draft", prompt, title=f"{prompt.name}, draft {number}", version=version, editor=editor,
        revision=revision, problems=draft_problems(version), before=baseline_of(version),
    )  # fmt: skip


def _saved(request: HttpRequest, prompt: Prompt, version: PromptVersion) -> HttpResponse:
    if "submit" in request.POST:
        try:
            done = submit(version=version, by=person(request))
        except PromptError as error:
            messages.warning(request, "The draft is saved, but it can't be submitted yet:")
            for text in error.messages:
                messages.error(request, text)
            return back(request, prompt, "draft", version.number)
        words = (
            "approved: no rule asks for a review"
            if done.state == VersionState.APPROVED
            else "with the reviewers"
        )
        messages.success(request, f"Version {version.number} is submitted and {words}.")
        return back(request, prompt, "version", version.number)
    messages.success(request, "The draft is saved.")
    if "try" in request.POST:
        return back(request, prompt, "playground")
    return back(request, prompt, "draft", version.number)


class YamlForm(forms.Form):
    """A whole version as text."""

    text = forms.CharField(
        strip=False, max_length=1_000_000, label="The version",
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false", "class": "gh-mono"}),
    )  # fmt: skip


def yaml_view(request: HttpRequest, prompt_id: int, number: int) -> HttpResponse:
    """A version as YAML; a draft can be changed so."""
    prompt = prompt_for(request, prompt_id)
    version = version_for(prompt, number)
    may_edit = version.is_draft and rights(request, prompt).edit
    form = YamlForm(
        request.POST if request.method == "POST" else None, initial={"text": dump(version.document)}
    )
    revision = request.POST.get("revision", str(version.revision))
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        if form.is_valid():
            with told(request):
                save_draft(
                    version=version, document=document_from(load_document(form.cleaned_data["text"])), by=person(request),
                    revision=int(revision) if revision.isdecimal() and len(revision) < 9 else 0,
                )  # fmt: skip
                messages.success(request, "The draft is saved.")
                return back(request, prompt, "yaml", number)
    return render(
        request, "yaml", prompt, title=f"{prompt.name}, version {number}", version=version, form=form,
        may_edit=may_edit, revision=revision,
    )  # fmt: skip


def version_view(request: HttpRequest, prompt_id: int, number: int) -> HttpResponse:
    """A version as reviewers read it: what changed, what is missing, what was said."""
    prompt = prompt_for(request, prompt_id)
    version = version_for(prompt, number)
    document, before = readable_document(version), baseline_of(version)
    now = utc_now()
    return render(
        request,
        "version",
        prompt,
        title=f"{prompt.name}, version {number}",
        version=version,
        document=document,
        output_schema=dump(document.output.schema) if document.output.schema else "",
        tools=[(tool, dump(tool.schema)) for tool in document.tools],
        privacy=dump(document.privacy) if document.privacy else "",
        before=before,
        changes=version_diff(readable_document(before), document) if before else [],
        figures=figures_of(version, now=now),
        figures_before=figures_of(before, now=now) if before else None,
        standing=review_standing(version),
        rules=rules_for(version),
        reviews=version.reviews.select_related("reviewer"),
        comments=_by_place(version),
        may_review=version.state == VersionState.IN_REVIEW
        and person(request).pk not in (version.author_id, *version.editors)
        and may_review(person(request), version),
        is_author=person(request).pk in (version.author_id, *version.editors),
        problems=draft_problems(version) if version.is_draft else [],
        untaken=why_not_taken(version),
        saved=version.proposed_of and _saved_tokens(prompt, version),
    )


def _saved_tokens(prompt: Prompt, version: PromptVersion) -> int:
    """About how many tokens a proposed version has less than the one that it was made from."""
    before = prompt.versions.filter(number=version.proposed_of or 0).first()
    return tokens_of(before) - tokens_of(version) if before else 0


def _by_place(version: PromptVersion) -> list[Any]:
    return list(version.comments.select_related("author"))


def do_view(request: HttpRequest, prompt_id: int, number: int) -> HttpResponse:
    """What can be done with a version."""
    prompt = prompt_for(request, prompt_id)
    version = version_for(prompt, number)
    if request.method != "POST":
        raise PermissionDenied
    user, sent = person(request), request.POST
    action, text = sent.get("action"), sent.get("comment", "").strip()[:5000]
    with told(request):
        match action:
            case "approve" | "request_changes":
                if not rights(request, prompt).review:
                    raise PermissionDenied
                review(version=version, reviewer=user, verdict=ReviewVerdict(action), comment=text, digest=sent.get("digest", ""))  # fmt: skip
                version.refresh_from_db()
                done = version.state == VersionState.APPROVED
                messages.success(request, "Approved: all that the rules ask for is there." if done else "Your verdict is on record.")  # fmt: skip
            case "comment":
                if not (rights(request, prompt).review or rights(request, prompt).edit):
                    raise PermissionDenied
                line = sent.get("line", "")
                comment(
                    version=version, by=user, text=text, path=sent.get("path", "")[:200],
                    line=int(line) if line.isdecimal() and len(line) < 7 else None,
                )  # fmt: skip
            case "resolve":
                if not rights(request, prompt).edit:
                    raise PermissionDenied
                version.comments.filter(pk=_id(sent.get("id"))).update(is_resolved=True)
            case _:
                return _author_s(request, prompt, version, str(action), text)
    return back(request, prompt, "version", number)


def _author_s(
    request: HttpRequest, prompt: Prompt, version: PromptVersion, action: str, text: str
) -> HttpResponse:
    if not rights(request, prompt).edit:
        raise PermissionDenied
    user = person(request)
    match action:
        case "submit":
            submit(version=version, by=user)
            messages.success(request, f"Version {version.number} is submitted.")
        case "take_back":
            take_back(version=version, by=user)
            messages.success(request, "It is a draft again. What reviewers said of it counts no more.")
            return back(request, prompt, "draft", version.number)
        case "withdraw":
            withdraw(version=version, by=user, reason=text)
            messages.success(request, "Withdrawn for good.")
        case "delete":
            delete_draft(version=version, by=user)
            messages.success(request, "The draft is gone.")
            return back(request, prompt)
    return back(request, prompt, "version", version.number)


def diff_view(request: HttpRequest, prompt_id: int, before: int, after: int) -> HttpResponse:
    """Two versions: words that changed, parameters and figures side by side."""
    prompt = prompt_for(request, prompt_id)
    wanted = (request.GET.get("before", ""), request.GET.get("after", ""))
    if all(each.isdecimal() for each in wanted) and wanted != (str(before), str(after)):
        return back(request, prompt, "diff", *wanted)
    one, other = version_for(prompt, before), version_for(prompt, after)
    now = utc_now()
    return render(
        request, "diff", prompt, title=f"{prompt.name}: version {before} to {after}", before=one, after=other,
        changes=version_diff(readable_document(one), readable_document(other)), numbers=prompt.versions.values_list("number", flat=True),
        figures=figures_of(other, now=now), figures_before=figures_of(one, now=now),
        facts=_side_by_side(readable_document(one), readable_document(other)),
    )  # fmt: skip


def _side_by_side(one: Document, other: Document) -> list[tuple[str, str, str]]:
    rows = []
    for title, name in (("Model", "model"), ("Parameters", "parameters"), ("Token limits", "limits")):
        values = [encode_document(each).get(name) for each in (one, other)]
        first, second = (_words(value) for value in values)
        rows.append((title, first, second))
    return rows


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return (
            ", ".join(f"{name.replace('_', ' ')} {each}" for name, each in value.items())
            or "as the model does"
        )
    return str(value) if value else "as the model does"


def _id(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 19 else 0

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.admin.base import person, told
from prompts.registry.admin.pages import back, prompt_for, rights, version_for
from prompts.registry.services.labels import move_label, protect, roll_back, take_away


def labels_view(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Moves a label, rolls it back, takes it away, or protects it."""
    prompt = prompt_for(request, prompt_id, edits=True)
    if request.method != "POST":
        raise PermissionDenied
    user, sent = person(request), request.POST
    name, reason = sent.get("label", "").strip()[:50], sent.get("reason", "").strip()[:2000]
    with told(request):
        match sent.get("action"):
            case "move":
                number = sent.get("number", "")
                version = version_for(prompt, int(number) if number.isdecimal() and len(number) < 9 else 0)
                move_label(prompt=prompt, name=name, version=version, by=user, reason=reason)
                messages.success(
                    request, f"{name} leads to version {version.number}, everywhere within a second."
                )
            case "roll_back":
                label = roll_back(prompt=prompt, name=name, by=user, reason=reason)
                messages.success(request, f"{name} is back at version {label.version.number}.")
            case "take_away":
                if not rights(request, prompt).manage:
                    raise PermissionDenied
                take_away(prompt=prompt, name=name, by=user, reason=reason)
                messages.success(request, f"The label {name} is gone: calls by it are refused.")
            case "protect" | "unprotect" as action:
                if not rights(request, prompt).manage:
                    raise PermissionDenied
                protect(prompt=prompt, name=name, is_protected=action == "protect", by=user)
                messages.success(request, f"The label {name} is {action}ed.")
    return back(request, prompt)

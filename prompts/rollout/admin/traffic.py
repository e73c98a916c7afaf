"""What the pages of experiments and of rollouts share."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse

from accounts.admin.base import OwnedAdmin, person, principal, told
from accounts.admin.filters import is_id
from prompts.registry.models import Prompt

UNITS = {"end_user": "end users", "session": "sessions", "call": "calls"}
_OFFERED = 100


class TrafficAdmin(OwnedAdmin):
    """Seen by who sees the prompt; changed by who edits prompts in its team, a shared one's by superusers."""

    goes_along = True
    what: ClassVar[str]
    """One of them, in a sentence: “an experiment”."""
    about: ClassVar[str]
    """What it is for, in a sentence or two."""
    form_class: ClassVar[Any]
    template: ClassVar[str]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.state != "draft":
            return False
        return super().has_delete_permission(request, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            prompt = self._prompt(request)
            return self._form(request, prompt, None) if prompt is not None else self._start(request)
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404(f"There is no such page of {self.what}, or it is not one of your teams'.")
        if request.method == "POST" or "edit" in request.GET:
            if not self.may_change(request, found):
                raise PermissionDenied
            if "edit" in request.GET:
                return self._form(request, found.prompt, found)
            return self._act(request, found)
        return self._page(request, found)

    def _prompt(self, request: HttpRequest) -> Prompt | None:
        """The prompt that the URL names. Http404 where the person may not edit it."""
        value = request.GET.get("prompt")
        if not value:
            return None
        rows = Prompt.objects.changeable_by(principal(request)).select_related("team")
        found = rows.filter(pk=int(value)).first() if is_id(value) else None
        if found is None:
            raise Http404("There is no such prompt, or it is not one of your teams'.")
        return found

    def _start(self, request: HttpRequest) -> HttpResponse:
        """For which prompt."""
        rows = (
            Prompt.objects.changeable_by(principal(request)).filter(archived_at=None).select_related("team")
        )
        prompts = list(rows.prefetch_related("labels", "versions")[:_OFFERED])
        return self.render(
            request, "traffic_start", title=f"Add {self.what}", about=self.about, prompts=prompts
        )

    def _form(self, request: HttpRequest, prompt: Prompt, found: Any) -> HttpResponse:
        if found is not None and found.state != "draft":
            messages.error(request, "This has been started: it can't be changed any more.")
            return self.to_page(found)
        form = self.form_class(
            request.POST if request.method == "POST" else None, prompt=prompt, instance=found
        )
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                made = form.save(by=person(request))
                # Whoever has started it meanwhile was first.
                if not type(made)._default_manager.filter(pk=made.pk, state="draft").exists():
                    raise Http404("This has been started meanwhile.")
                if found is None:
                    self.log_addition(request, made, "Added.")
                else:
                    self.log_change(request, made, "Changed.")
            return self.to_page(made)
        return self.render(
            request, f"{self.template}_form", title=f"{'Change' if found else 'Add'} {self.what}", form=form,
            prompt=prompt, found=found, original=found,
        )  # fmt: skip

    def _act(self, request: HttpRequest, found: Any) -> HttpResponse:
        with told(request):
            messages.success(request, self.act(request, found, str(request.POST.get("action"))))
        return self.to_page(found)

    def act(self, request: HttpRequest, found: Any, action: str) -> str:
        """Does what a button says, and answers what has been done. LifecycleError where it can't be."""
        raise NotImplementedError

    def _page(self, request: HttpRequest, found: Any) -> HttpResponse:
        return self.render(
            request, self.template, title=str(self.opts.verbose_name).capitalize(), original=found, found=found,
            may_edit=self.may_change(request, found), units=UNITS[found.unit],
            **self.context(request, found),
        )  # fmt: skip

    def context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """What its page shows."""
        raise NotImplementedError

    def render(self, request: HttpRequest, page: str, **context: Any) -> HttpResponse:
        return self.render_page(request, f"prompts/rollout/{page}", **context)

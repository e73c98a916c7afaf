from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from accounts.access.principals import may_manage_shared
from accounts.admin.base import OwnedAdmin, person, principal
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from accounts.policy.roles import Capability
from accounts.services.known_models import known_models
from prompts.knowledge.admin.forms import KnowledgeBaseForm, SearchForm, UploadForm
from prompts.knowledge.models import KnowledgeBase
from prompts.knowledge.services.embedding import EmbeddingError
from prompts.knowledge.services.extraction import DocumentError, check_size
from prompts.knowledge.services.knowledge import (
    FIXED,
    Incoming,
    ask_for_sync,
    delete_base,
    put_document,
    reindex_base,
)
from prompts.knowledge.services.retriever import RetrieverError
from prompts.knowledge.services.search import answer_elsewhere, search

_DOCUMENTS_SHOWN = 100
_USUAL_MODEL = "titan-embed-text-v2"


@admin.register(KnowledgeBase)
class KnowledgeBaseAdmin(OwnedAdmin):
    """Knowledge bases. The page of one is its documents, a search to try, and its settings."""

    form = KnowledgeBaseForm
    change_form_outer_before_template = "admin/prompts/knowledge/page.html"
    empty_hint = "A knowledge base holds documents of a team. Prompts draw on it, so that answers are made of what the documents say."
    fixed_fields = FIXED
    list_display = ("title", "kind_label", "documents_label", "created_at")
    list_filter = (TeamFilter,)
    list_select_related = ("team",)
    search_fields = ("name", "description", "team__name")
    fieldsets = (
        (None, {"fields": (("team", "name"), "description", ("kind", "language"))}),
        ("Documents kept here", {"fields": (("route", "dimensions"), ("chunk_tokens", "overlap_tokens"), "source")}),
        ("A knowledge base of Bedrock", {"fields": (("bedrock_id", "region"),)}),
        ("Searches", {"fields": (("top_k", "floor", "max_tokens"),)}),
    )  # fmt: skip

    @display(description="Knowledge base", header=True)
    def title(self, base: KnowledgeBase) -> list[str]:
        return [base.name, str(base.team)]

    @display(description="Kind", label={"Kept here": "info", "Bedrock": "warning"})
    def kind_label(self, base: KnowledgeBase) -> str:
        return "Kept here" if base.is_local else "Bedrock"

    @admin.display(description="Documents", ordering="documents_count")
    def documents_label(self, base: Any) -> str:
        return f"{base.documents_count:,}" if base.is_local else "in Bedrock"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request).annotate(documents_count=Count("documents"))
        return found

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.person = person(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What most bases have."""
        found: dict[str, Any] = super().get_changeform_initial_data(request)
        usual = {"route": _USUAL_MODEL, "dimensions": 1024} if _USUAL_MODEL in known_models() else {}
        return {**usual, **found}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is of the other kind is not shown; what superusers set, to others only where it is set."""
        if obj is not None and obj.is_local:
            return (*self.fieldsets[:2], self.fieldsets[3])
        return self.fieldsets if obj is None else (self.fieldsets[0], *self.fieldsets[2:])

    # --- the page of a base ---

    def get_urls(self) -> list[URLPattern]:
        own = self.pages_of_one(
            "base_id",
            upload=self.upload_view,
            search=self.search_view,
            reindex=self.reindex_view,
            sync=self.sync_view,
        )
        return [*own, *super().get_urls()]

    def beside(self, request: HttpRequest, obj: KnowledgeBase) -> dict[str, Any]:
        return {"page": self._page(request, obj)}

    def _page(self, request: HttpRequest, base: KnowledgeBase) -> dict[str, Any]:
        may_read = self.allows(request, Capability.VIEW_CONTENT, base)
        documents = base.documents.select_related("current").order_by("-updated_at")
        waiting = base.documents.filter(state__in=("queued", "indexing")).exists()
        return {
            "base": base,
            "may_read": may_read,
            "may_change": self.has_change_permission(request, base),
            "documents": documents[:_DOCUMENTS_SHOWN] if may_read else (),
            "count": base.documents.count(),
            "shown": _DOCUMENTS_SHOWN,
            "waits": waiting,
            "search": SearchForm(base=base, may_answer=False),
            "upload": UploadForm(),
        }

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        next_step = "Upload its first documents." if obj.is_local else "Try a question on it."
        messages.success(request, f"{obj.name} is there. {next_step}")
        return self.to_page(obj)

    def upload_view(self, request: HttpRequest, base_id: int) -> HttpResponse:
        """Takes in files; what can't be used is told of, file by file, and the others go on."""
        base = self._base(request, base_id, self.owned_by.change)
        if request.method != "POST" or not base.is_local:
            return self.to_page(base)
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            problem = "; ".join(str(text) for texts in form.errors.values() for text in texts)
            messages.error(request, f"Nothing was taken in. {problem}")
            return self.to_page(base)
        taken, same = 0, 0
        for file in form.cleaned_data["documents"]:
            try:
                check_size(file.size or 0)
                incoming = Incoming(name=file.name, content=file.read())
                document, is_taken = put_document(base, incoming, by=person(request))
            except DocumentError as error:
                messages.error(request, f"{file.name}: {error}")
                continue
            taken, same = taken + is_taken, same + (not is_taken)
            if is_taken:
                self.log_addition(request, document, "Uploaded.")
        _tell(request, taken, same)
        return self.to_page(base)

    def search_view(self, request: HttpRequest, base_id: int) -> HttpResponse:
        """Shows what is found for a question, and what is not similar enough."""
        base = self._base(request, base_id, Capability.VIEW_CONTENT)
        form = SearchForm(request.POST or None, base=base, may_answer=may_manage_shared(principal(request)))
        context: dict[str, Any] = {"found": None, "answer": None, "problem": ""}
        if request.method == "POST" and form.is_valid():
            application = form.cleaned_data["application"]
            try:
                context["found"] = search(
                    base,
                    form.cleaned_data["question"],
                    application_id=application.pk if application else None,
                )
                if route := form.cleaned_data.get("answer_with"):
                    self.log_change(request, base, f"Had Bedrock answer a question with {route}.")
                    context["answer"] = answer_elsewhere(base, form.cleaned_data["question"], route=route)
            except (EmbeddingError, RetrieverError) as error:
                context["problem"] = str(error)
        return self.render_page(
            request, "prompts/knowledge/search", title=f"Search {base.name}", base=base, form=form, original=base,
            **context,
        )  # fmt: skip

    def reindex_view(self, request: HttpRequest, base_id: int) -> HttpResponse:
        """Asks first: it may cost."""
        base = self._base(request, base_id, self.owned_by.change)
        if request.method != "POST":
            return self.render_page(
                request,
                "prompts/knowledge/reindex",
                title="Read all documents again",
                base=base,
                original=base,
            )
        number = reindex_base(base)
        self.log_change(request, base, f"All {number} documents to be read again.")
        messages.success(
            request, f"{number} documents wait to be read again. Searches go on with what there is."
        )
        return self.to_page(base)

    def sync_view(self, request: HttpRequest, base_id: int) -> HttpResponse:
        base = self._base(request, base_id, self.owned_by.change)
        if request.method == "POST" and base.source:
            ask_for_sync(base)
            messages.success(request, "It is read soon. Reload this page to see what is new.")
        return self.to_page(base)

    def _base(self, request: HttpRequest, base_id: int, capability: Capability) -> KnowledgeBase:
        base: KnowledgeBase | None = self.get_object(request, str(base_id))
        if base is None or not self.allows(request, capability, base):
            raise PermissionDenied
        return base

    # --- deleting ---

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """By number: a base may have a million passages."""
        bases = list(objs)
        number = sum(base.documents.count() for base in bases)
        said = [f"{base}, with {base.documents.count():,} documents" for base in bases]
        return said, {"documents": number}, set(), []

    def delete_model(self, request: HttpRequest, obj: KnowledgeBase) -> None:
        delete_base(obj)


def _tell(request: HttpRequest, taken: int, same: int) -> None:
    if taken:
        what = "1 document is" if taken == 1 else f"{taken} documents are"
        messages.success(request, f"{what} taken in. Reload this page to see how far the reading is.")
    if same:
        what = "1 document was" if same == 1 else f"{same} documents were"
        messages.info(request, f"{what} there already, unchanged.")

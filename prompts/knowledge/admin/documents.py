from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin.base import OwnedAdmin
from accounts.admin.typed import action, display
from prompts.knowledge.admin.forms import DocumentForm
from prompts.knowledge.models import DocumentState, KnowledgeDocument
from prompts.knowledge.services.knowledge import delete_document, reindex, restrict

STATE_COLOURS = {
    DocumentState.READY: "success", DocumentState.QUEUED: "info", DocumentState.INDEXING: "info",
    DocumentState.PAUSED: "warning", DocumentState.FAILED: "danger",
}  # fmt: skip


@admin.register(KnowledgeDocument)
class KnowledgeDocumentAdmin(OwnedAdmin):
    """Documents of knowledge bases, for those who may read the team's content. They come in on the page of their base."""

    form = DocumentForm
    empty_hint = (
        "Documents are uploaded on the page of a knowledge base, or read from its folder or S3 address."
    )
    list_display = ("name", "base_label", "state_label", "version_label", "updated_at")
    list_filter = ("state",)
    list_select_related = ("base__team", "current")
    search_fields = ("name", "base__name")
    readonly_fields = (
        "name", "base_label", "state_label", "error", "version_label", "media_type", "origin", "updated_at",
    )  # fmt: skip
    actions_detail = ("reindex",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = [name for name in self.readonly_fields if name != "error" or (obj is not None and obj.error)]
        return ((None, {"fields": [*names, "only_for"]}),)

    @admin.display(description="Knowledge base")
    def base_label(self, document: KnowledgeDocument) -> str:
        url = reverse("admin:prompts_knowledgebase_change", args=[document.base_id])
        return format_html(
            '<a class="gh-link" href="{}">{}</a> of {}', url, document.base, document.base.team
        )

    @display(description="State", label={str(key.label): value for key, value in STATE_COLOURS.items()})
    def state_label(self, document: KnowledgeDocument) -> str:
        return str(document.get_state_display())

    @admin.display(description="In force")
    def version_label(self, document: KnowledgeDocument) -> str:
        current = document.current
        return (
            f"Version {current.number}, {current.chunk_count or 0:,} passages" if current else "Nothing yet"
        )

    @admin.display(description="From")
    def origin(self, document: KnowledgeDocument) -> str:
        return document.reference or document.get_source_display()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        restrict(obj, application_ids=[application.pk for application in form.cleaned_data["only_for"]])

    def has_reindex_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Asked by the action, with the id from the URL."""
        document = None if object_id is None else self.get_object(request, str(object_id))
        return self.may_change(request, document)

    @action(description="Read it again", icon="refresh", permissions=["reindex"])
    def reindex(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cuts and embeds it anew, or goes on where it stopped."""
        document = self.get_object(request, object_id)
        if document is None or not self.may_change(request, document):
            raise PermissionDenied
        if reindex(document):
            self.log_change(request, document, "To be read again.")
            messages.success(request, "It waits to be read again. Searches go on with what there is.")
        else:
            messages.error(request, "Its text is not kept, because it could not be read. Upload it again.")
        return HttpResponseRedirect(reverse("admin:prompts_knowledgedocument_change", args=[document.pk]))

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """By number: a document may have thousands of passages."""
        documents = list(objs)
        number = sum(document.chunks.count() for document in documents)
        said = [f"{document}, with {document.chunks.count():,} passages" for document in documents]
        return said, {"passages": number}, set(), []

    def delete_model(self, request: HttpRequest, obj: KnowledgeDocument) -> None:
        delete_document(obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(request, f"{obj_display} is deleted, with all its versions and passages.")
        return HttpResponseRedirect(reverse("admin:prompts_knowledgebase_changelist"))

"""Forms of the pages of knowledge bases."""

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.access.admin import OwnedForm
from accounts.models import Application
from accounts.services.known_models import known_models
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from prompts.knowledge.services.knowledge import check_base

MAX_FILES = 50


class KnowledgeBaseForm(OwnedForm):
    """A base; what it can't be is said at the field that has to change. The page sets `person`."""

    person: Any = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if "route" in self.fields:
            names = [name for name in known_models() if "embed" in name] or known_models()
            field = self.fields["route"]
            field.widget.attrs["list"] = "embedding-models"
            field.help_text = (
                f"{field.help_text} There are: {', '.join(names[:6])}." if names else field.help_text
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        before = KnowledgeBase.objects.filter(pk=self.instance.pk).first()
        base = KnowledgeBase.objects.get(pk=self.instance.pk) if before else KnowledgeBase()
        for name, value in cleaned.items():
            setattr(base, name, value)
        check_base(base, by=self.person, before=before)
        return cleaned


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Several files at once."""

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        files = data if isinstance(data, list) else [data]
        if not files:
            raise forms.ValidationError("Choose at least one file.")
        if len(files) > MAX_FILES:
            raise forms.ValidationError(f"Choose {MAX_FILES} files at most, and the others after them.")
        return [super(_FilesField, self).clean(file, initial) for file in files]


class UploadForm(forms.Form):
    """Documents to take in. An empty file is told of like any other that can't be used."""

    documents = _FilesField(
        label="Files", allow_empty_file=True,
        widget=_ManyFiles(attrs={"multiple": True, "accept": ".txt,.md,.markdown,.html,.htm,.pdf,.docx"}),
    )  # fmt: skip


class SearchForm(forms.Form):
    """A question, and as whom to ask it."""

    question = forms.CharField(
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "How many days of leave are there?"}),
    )
    application = forms.ModelChoiceField(
        Application.objects.none(), required=False, empty_label="Everything in it", label="As an application"
    )

    answer_with = forms.ChoiceField(
        required=False, label="Bedrock's own answer",
        help_text="With what Bedrock itself makes of it (RetrieveAndGenerate). AWS charges for that, and it is on no budget here.",
    )  # fmt: skip

    def __init__(self, *arguments: Any, base: KnowledgeBase, may_answer: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if base.is_local or not may_answer:
            del self.fields["answer_with"]
        else:
            choices = [("", "No, passages alone"), *((name, f"By {name}") for name in known_models())]
            cast(forms.ChoiceField, self.fields["answer_with"]).choices = choices
        field = self.fields["application"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Application.objects.filter(team=base.team, is_internal=False)


class DocumentForm(OwnedForm):
    """Which applications may be given a document."""

    only_for = forms.ModelMultipleChoiceField(
        Application.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Only for",
        help_text="The applications that may be given what it says. None chosen: all of the team's.",
    )  # fmt: skip

    class Meta:
        model = KnowledgeDocument
        fields = ()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["only_for"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Application.objects.filter(team=self.instance.base.team, is_internal=False)
        self.initial["only_for"] = self.instance.application_ids

"""The demonstration's prompt: written by a developer, approved by the owner, and called by its name."""

from accounts.models import Team, User
from prompts.registry.models import ReviewRule, ReviewVerdict
from prompts.registry.policy.document import Document, PromptLimits, PromptMessage, Variable
from prompts.registry.services.labels import move_label
from prompts.registry.services.prompts import create_prompt, save_draft
from prompts.registry.services.reviews import review, submit

NAME = "support-reply"


def create_support_reply(team: Team, *, author: User, reviewer: User, model: str) -> None:
    """An approved version behind `production`, and the rule that it was approved by."""
    ReviewRule.objects.create(team=team, name="A second pair of eyes", approvals=1)
    prompt = create_prompt(
        team=team, name=NAME, by=author, description="Answers a customer's question in the shop's chat.",
        fallback="We can't answer right now. Please write to us by e-mail.",
    )  # fmt: skip
    document = Document(
        model=model,
        messages=(
            PromptMessage(
                role="system",
                text="You answer customers of a shop, in the language of {{ language }}. Be brief and friendly. "
                "Where you don't know, say so and hand over to a colleague.",
            ),
            PromptMessage(text="{{ question }}"),
        ),
        variables=(
            Variable(name="question", example="Where is my order?", is_personal=True),
            Variable(name="language", default="English"),
        ),
        limits=PromptLimits(max_output_tokens=400),
    )
    version = save_draft(
        version=prompt.versions.get(), document=document, revision=1, by=author, note="The first words.",
        goal="Fewer questions that are asked twice.",
    )  # fmt: skip
    version = submit(version=version, by=author)
    review(version=version, reviewer=reviewer, verdict=ReviewVerdict.APPROVE, comment="Reads well.")
    version.refresh_from_db()
    move_label(prompt=prompt, name="production", version=version, by=reviewer, reason="The first version.")

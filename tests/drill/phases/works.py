"""Background work that is under way while something goes wrong."""

import time

from accounts.models import Team, User
from prompts.evaluations.models import Evaluation
from prompts.evaluations.services.evaluations import resume
from prompts.knowledge.models import Chunk, KnowledgeDocument
from prompts.knowledge.services.knowledge import Incoming, put_document
from prompts.registry.models import Prompt
from tests.accounts.factories import make_superuser
from tests.drill.phases.phase import Phase
from tests.drill.phases.processes import send
from tests.governance.limits.factories import DOLLAR
from tests.prompts.evaluations.factories import begin, make_set
from tests.prompts.knowledge.factories import make_base
from tests.services import until

_CASES = 8
_PROMPT = {
    "messages": [{"text": "{{ question }}"}],
    "variables": [{"name": "question"}],
    "limits": {"max_output_tokens": 60},
}
_WORDS = [
    "holiday",
    "sickness",
    "travel",
    "notice",
    "desk",
    "parking",
    "canteen",
    "badge",
    "phone",
    "laptop",
    "training",
    "parent",
]


class EvaluationRuns(Phase):
    name = "evaluation"

    def prepare(self) -> None:
        team = f"Row {self.number}"
        self.ground.world.new_key(team=team)
        self.ground.world.new_prompt(f"row-{self.number}", _PROMPT, team=team)
        self._id = self.ground.stack.make(self._start)
        self._resumed: list[str] = []
        send("prompts.tasks.run_evaluation", self._id, queue="evaluations")
        until(lambda: self._row().done > 0 or not self._row().is_open, seconds=90, what="the first answer")

    def _start(self) -> int:
        by = User.objects.filter(is_superuser=True).first() or make_superuser()
        questions = tuple(f"[simulate: tokens=20] Question {number}?" for number in range(_CASES))
        test_set = make_set(
            Team.objects.get(name=f"Row {self.number}"),
            Prompt.objects.get(name=f"row-{self.number}"),
            questions=questions,
        )
        return begin(test_set, by, budget_nanos=10 * DOLLAR, concurrency=2).pk

    def _row(self) -> Evaluation:
        return self.ground.stack.make(lambda: Evaluation.objects.get(pk=self._id))

    def is_whole(self) -> bool:
        row = self._row()
        if row.is_open:
            self.outcome = f"{row.state}, {row.done} of {row.total}"
            return False
        if row.state != "finished" and len(self._resumed) < 2:
            self._resumed.append(f"{row.state} ({row.reason}: {row.detail[:60]})")
            self.ground.stack.make(lambda: resume(Evaluation.objects.get(pk=self._id)))
            return False
        errors = self.ground.world.execute(
            "SELECT count(*) FROM prompts_evaluationresult WHERE evaluation_id = %s AND error <> ''", self._id
        )
        self.outcome = f"{row.state}, {row.done} of {row.total}" + (
            f", resumed: {'; '.join(self._resumed)}" if self._resumed else ""
        )
        if number := errors[0]["count"]:
            self.outcome += f", {number} answers with an error"
        doubled = self.ground.world.execute(
            "SELECT count(*) - count(DISTINCT substring(request_id from '^eval-[0-9]+-[a-z]+')) AS more FROM governance_auditrecord "
            "WHERE request_id LIKE 'eval-%%' AND team_id = (SELECT id FROM accounts_team WHERE name = %s) AND status = 'succeeded'",
            f"Row {self.number}",
        )  # fmt: skip
        if row.state != "finished":
            self.broken = f"{row.state}: {row.reason} {row.detail}"
        elif doubled[0]["more"]:
            self.broken = f"{doubled[0]['more']} answers paid twice"
        return True


class DocumentImport(Phase):
    name = "import"

    def prepare(self) -> None:
        team = f"Row {self.number}"
        self.ground.world.new_key(team=team)
        self._id = self.ground.stack.make(self._put)
        self._begun = time.monotonic()
        send("prompts.tasks.index_documents", queue="documents")
        until(lambda: self._row().state != "queued", seconds=90, what="the document's turn")
        self._was = self._row().state

    def _put(self) -> int:
        base = make_base(
            Team.objects.get(name=f"Row {self.number}"),
            f"base-{self.number}",
            chunk_tokens=50,
            overlap_tokens=0,
        )
        paragraphs = (
            f"# Rule {number}\n\n"
            + " ".join(_WORDS[(number + step) % len(_WORDS)] + str(step) for step in range(16))
            for number in range(400)
        )
        document, _ = put_document(base, Incoming(name="rules.md", content="\n\n".join(paragraphs).encode()))
        return document.pk

    def _row(self) -> KnowledgeDocument:
        return self.ground.stack.make(
            lambda: KnowledgeDocument.objects.select_related("current").get(pk=self._id)
        )

    def is_whole(self) -> bool:
        row = self._row()
        self.outcome = f"{row.state} {row.error[:80]}".strip()
        if row.state not in ("ready", "failed"):
            return False
        chunks = Chunk.objects.filter(document=row.pk)
        total, empty = self.ground.stack.make(
            lambda: (chunks.count(), chunks.filter(vector__isnull=True).count())
        )
        if row.state == "ready":
            self.outcome = f"ready, {total} passages" + (" (was done before)" if self._was == "ready" else "")
            if empty or row.current is None or row.current.chunk_count != total:
                self.broken = f"half imported: {empty} of {total} passages without a vector"
        elif not row.error:
            self.broken = "failed without a reason"
        return True


WORKS: tuple[type[Phase], ...] = (EvaluationRuns, DocumentImport)

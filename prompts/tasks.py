"""Celery looks for tasks here. Their names say so for good: they are in queues, settings and logs."""

from prompts.evaluations.tasks import resume_evaluations, run_evaluation
from prompts.knowledge.tasks import index_documents, tend_bases
from prompts.rollout.tasks import watch_contracts, watch_experiments, watch_rollouts

__all__ = [
    "index_documents",
    "resume_evaluations",
    "run_evaluation",
    "tend_bases",
    "watch_contracts",
    "watch_experiments",
    "watch_rollouts",
]

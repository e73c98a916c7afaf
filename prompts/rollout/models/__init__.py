from prompts.rollout.models.experiment import Arm, Experiment
from prompts.rollout.models.rollout import Rollout, RolloutEvent
from prompts.rollout.models.service_contract import ContractBreach, ServiceContract

__all__ = ["Arm", "ContractBreach", "Experiment", "Rollout", "RolloutEvent", "ServiceContract"]

from governance.admin.privacy.policies import PrivacyPolicyAdmin

__all__ = ["PrivacyPolicyAdmin"]

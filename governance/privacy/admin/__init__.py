from governance.privacy.admin.policies import PrivacyPolicyAdmin

__all__ = ["PrivacyPolicyAdmin"]

from accounts.admin.base import OwnedAdmin, OwnedInline


class CatalogAdmin(OwnedAdmin):
    """The catalogue, which belongs to no team: everybody looks at it, superusers change it."""

    empty_hint = "“manage.py load_catalog” fills the catalogue with Bedrock's models, prices and routes."


class CatalogInline(OwnedInline):
    """Rows of the catalogue on their parent's page."""

"""What an account's provider offers, as models, deployments, prices and routes of the catalogue."""

from django.db import transaction

from gateway.catalogue.direct import DirectModel, DirectOffer, read_direct
from gateway.catalogue.models import Deployment, Model, Price, ProviderAccount, Route, RouteTarget
from gateway.catalogue.seed import facts_of
from gateway.catalogue.services.capabilities import bring_up
from gateway.catalogue.services.catalog import PRICED_FROM


@transaction.atomic
def offer(account: ProviderAccount) -> int:
    """Adds what is missing of what the account's provider offers; how many deployments. What is there stays as it is.

    No route that there is leads to them by this: who owns a route adds them. A model that nobody else offers gets a route.
    """
    catalog = read_direct()
    offers = [each for each in catalog.offers if each.provider == account.provider]
    own = {each.model_id: each for each in catalog.models}
    there = set(account.deployments.values_list("provider_model", flat=True))
    made = 0
    for each in offers:
        model = _model(each, own.get(each.model_id))
        if model is None or each.invoke_id in there:
            continue
        deployment = Deployment.objects.create(
            model=model, region=account.provider, provider_account=account, provider_model=each.invoke_id
        )
        Price.objects.bulk_create(
            Price(
                deployment=deployment,
                tier=price.tier,
                valid_from=PRICED_FROM,
                source=each.source,
                **price.columns(),
            )
            for price in each.prices
        )
        if (entry := own.get(each.model_id)) is not None:
            _route(entry, deployment)
        made += 1
    return made


def offer_all() -> int:
    """The same for every account."""
    return sum(offer(account) for account in ProviderAccount.objects.all())


def _model(each: DirectOffer, entry: DirectModel | None) -> Model | None:
    """The model that is offered: Bedrock's, or one of its own. None where the catalogue does not have it."""
    model = Model.objects.filter(model_id=each.model_id).first()
    if model is not None or entry is None:
        return model
    model = Model(model_id=entry.model_id)
    bring_up(
        model,
        {
            **facts_of(entry.model_id),
            **{
                name: getattr(entry, name)
                for name in entry.__struct_fields__
                if name not in ("model_id", "route")
            },
        },
    )
    model.save()
    return model


def _route(entry: DirectModel, deployment: Deployment) -> None:
    if Route.objects.filter(name=entry.route).exists():
        return
    names = [name for name in (entry.model_id, deployment.provider_model) if name != entry.route]
    taken = (
        Route.objects.filter(aliases__overlap=names).exists() or Route.objects.filter(name__in=names).exists()
    )
    route = Route.objects.create(name=entry.route, aliases=[] if taken else names)
    RouteTarget.objects.create(route=route, deployment=deployment)

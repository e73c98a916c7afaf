"""Puts the images that a request names by their addresses on the web into it."""

import asyncio

from django.conf import settings

from gateway.call import Call
from gateway.call.places import WebImage
from gateway.providers.web_images import ImageNotFetchedError
from gateway.refusals import Refusal, too_large
from gateway.runtime import Gateway

MAX_IMAGES = 20
"""As many as Converse takes in one message (AWS's API reference, ContentBlock)."""


async def fetch_images(call: Call, gateway: Gateway) -> None:
    """Refusals: invalid_request, with the caller's own place, where one can't be had; request_too_large for all together."""
    places = call.places
    assert places is not None
    by_url: dict[str, list[WebImage]] = {}
    for image in places.web_images:
        by_url.setdefault(image.url, []).append(image)
    if len(by_url) > MAX_IMAGES:
        raise Refusal(
            "invalid_request",
            f"The request names {len(by_url)} images on the web; {MAX_IMAGES} are fetched for one call at most.",
            param=places.web_images[MAX_IMAGES].where,
        )
    try:
        async with asyncio.TaskGroup() as group:
            for images in by_url.values():
                group.create_task(_fill(call, gateway, images))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _fill(call: Call, gateway: Gateway, images: list[WebImage]) -> None:
    try:
        fetched = await gateway.web_images.fetch(images[0].url)
    except ImageNotFetchedError as error:
        where = images[0].where
        raise Refusal("invalid_request", f"{where}: {error}.", param=where, may_retry=False) from error
    for image in images:
        call.body_bytes += len(fetched.data)
        if call.body_bytes > settings.GATEWAY_MAX_BODY_BYTES:
            raise too_large(settings.GATEWAY_MAX_BODY_BYTES)
        image.image.update(format=fetched.format, source={"bytes": fetched.data})

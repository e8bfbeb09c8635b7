"""Disabling and enabling a distribution by CloudFront's own API, called by botocore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # botocore ships no types

from edgewise.local.stack.state import parse_state
from tests.edge import handmade as by_hand
from tests.edge.handmade import HandmadeStack, resource_named
from tests.unit.local import acl_resources as acl
from tests.unit.local.served import Served

ID = "EDFDVBD6EXAMPLE"


@pytest.fixture
async def served(handmade: HandmadeStack, tmp_path: Path) -> AsyncIterator[Served]:
    handmade.web_acl = acl.platform_acl()
    async with Served(parse_state(handmade.state(), project=tmp_path), tmp_path).running() as running:
        running.edge.switch.clock = running.clock = lambda: 0.0  # type: ignore[assignment]  # time stands still
        yield running


async def call(served: Served, name: str, **told: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        answer: dict[str, Any] = getattr(served.client("cloudfront"), name)(**{"Id": ID, **told})
        return answer

    return await asyncio.to_thread(work)


async def refused(served: Served, name: str, **told: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as error:
        await call(served, name, **told)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


async def test_the_configuration_is_what_the_stack_wrote(served: Served) -> None:
    answer = await call(served, "get_distribution_config")

    config = answer["DistributionConfig"]
    assert config["Enabled"] is True
    assert config["WebACLId"] == by_hand.WEB_ACL_ARN
    assert config["Comment"] == "edgewise face-match"
    assert config["Origins"]["Items"][0]["DomainName"] == by_hand.BUCKET_DOMAIN
    inference = config["CacheBehaviors"]["Items"][0]
    assert inference["PathPattern"] == "/v1/face-match/*"
    assert inference["AllowedMethods"]["Quantity"] == 7
    assert inference["LambdaFunctionAssociations"]["Items"][0]["LambdaFunctionARN"] == by_hand.LAMBDA_ARN
    assert inference["FunctionAssociations"]["Items"][0]["FunctionARN"] == by_hand.GATE_ARN


async def test_disabling_takes_its_time(served: Served) -> None:
    # GIVEN the configuration, as the guard reads it
    now = [0.0]
    served.edge.switch.clock = lambda: now[0]
    served.edge.switch.deploy_s = 240
    answer = await call(served, "get_distribution_config")
    config = {**answer["DistributionConfig"], "Enabled": False}

    # WHEN it is sent back with Enabled false
    updated = await call(served, "update_distribution", DistributionConfig=config, IfMatch=answer["ETag"])

    # THEN it is in progress, and the old setting still answers
    assert updated["Distribution"]["Status"] == "InProgress"
    assert updated["Distribution"]["DistributionConfig"]["Enabled"] is False
    assert updated["ETag"] != answer["ETag"]
    assert served.edge.switch.enabled
    now[0] = 239.0
    assert served.edge.switch.enabled

    # AND then the new one
    now[0] = 240.0
    assert not served.edge.switch.enabled
    told = await call(served, "get_distribution")
    assert (told["Distribution"]["Status"], told["ETag"]) == ("Deployed", updated["ETag"])
    assert told["Distribution"]["ARN"] == by_hand.DISTRIBUTION_ARN
    assert told["Distribution"]["DomainName"] == by_hand.DOMAIN


async def test_a_change_of_mind_waits_its_own_full_time(served: Served) -> None:
    now = [0.0]
    switch = served.edge.switch
    switch.clock, switch.deploy_s = (lambda: now[0]), 10

    switch.set(enabled=False)
    now[0] = 5.0
    switch.set(enabled=True)
    assert switch.enabled
    now[0] = 12.0
    assert switch.enabled
    assert switch.status == "InProgress"
    now[0] = 15.0
    assert switch.enabled
    assert switch.status == "Deployed"


async def test_anything_but_enabled_is_refused_by_name(served: Served) -> None:
    answer = await call(served, "get_distribution_config")
    config = answer["DistributionConfig"]
    config["Comment"] = "something else"
    config["Origins"]["Items"][0]["OriginPath"] = "/other"

    code, status, message = await refused(
        served, "update_distribution", DistributionConfig={**config, "Enabled": False}, IfMatch=answer["ETag"]
    )

    assert (code, status) == ("InvalidArgument", 400)
    assert "DistributionConfig.Comment, DistributionConfig.Origins.Items[0].OriginPath" in message
    assert served.edge.switch.wanted


async def test_the_etag_must_be_right(served: Served) -> None:
    answer = await call(served, "get_distribution_config")
    told = {"DistributionConfig": {**answer["DistributionConfig"], "Enabled": False}}

    assert (await refused(served, "update_distribution", **told))[:2] == ("InvalidIfMatchVersion", 400)
    assert (await refused(served, "update_distribution", **told, IfMatch="E0"))[:2] == ("PreconditionFailed", 412)
    await call(served, "update_distribution", **told, IfMatch=answer["ETag"])
    stale = await refused(served, "update_distribution", **told, IfMatch=answer["ETag"])
    assert stale[:2] == ("PreconditionFailed", 412)


async def test_other_calls_and_distributions_are_refused(served: Served) -> None:
    assert (await refused(served, "get_distribution", Id="E0"))[:2] == ("NoSuchDistribution", 404)
    code, status, message = await refused(served, "delete_distribution", IfMatch="E0")
    assert (code, status) == ("InvalidArgument", 400)
    assert "not imitated" in message


async def test_disabled_outlives_the_gateway_until_a_deployment_changes_it(
    served: Served, handmade: HandmadeStack, tmp_path: Path
) -> None:
    # GIVEN a distribution that was disabled at run time
    served.edge.switch.set(enabled=False)

    # WHEN the gateway starts again THEN it is disabled, at once
    stack = parse_state(handmade.state(), project=tmp_path)
    assert not Served(stack, tmp_path).edge.switch.enabled

    # AND a stack that says the other thing, and then this again, has the last word
    state = handmade.state()
    resource_named(state, "aws:cloudfront/distribution:Distribution")["inputs"]["enabled"] = False
    redeployed = Served(parse_state(state, project=tmp_path), tmp_path)
    assert not redeployed.edge.switch.enabled
    redeployed.edge.switch.set(enabled=True)
    assert Served(stack, tmp_path).edge.switch.enabled

"""The firewall of one endpoint: what is not exactly a request of the contract ends here, and so does a flood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_aws import wafv2

from infra import firewall
from infra.components.component import Component, Customize
from infra.limits import HOME_REGION

CHILDREN: Final = ("acl",)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebAclArgs:
    """Inputs.

    Attributes
    ----------
    physical_name : str
        ``edgewise-<stack>-<function>``.
    passing : firewall.Passing
    tags : mapping of str to str
    customize : mapping
        See `Component`.
    """

    physical_name: str
    passing: firewall.Passing
    tags: Mapping[str, str]
    customize: Customize = field(default_factory=dict)


class WebAcl(Component):
    """Blocks by default.

    Attributes
    ----------
    acl : pulumi_aws.wafv2.WebAcl
        Its ARN, and not its id, goes into the distribution: the id is WAF Classic's.
    """

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:WebAcl", name, children=CHILDREN, customize=args.customize, opts=opts)
        self.acl = self.child(
            wafv2.WebAcl,
            "acl",
            name=args.physical_name,
            region=HOME_REGION,
            scope="CLOUDFRONT",
            description=f"What reaches {args.physical_name}",
            default_action=firewall.default_action(),
            custom_response_bodies=firewall.bodies(args.passing),
            rules=firewall.rules(args.passing),
            visibility_config=firewall.visible(args.passing.metric),
            tags=args.tags,
        )
        self.register_outputs({"arn": self.acl.arn})

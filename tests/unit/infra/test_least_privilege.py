"""No policy document of a whole stack grants more than it must; the few asterisks have their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.components import statements
from tests.unit.infra.documents import ON_EVERYTHING, documents, too_wide
from tests.unit.infra.program import MODEL_DIGEST, Recorder, run_program
from tests.unit.infra.test_settings import CONFIG, FUNCTION

TWO = CONFIG | {
    "edgewise:models": {"face-match": MODEL_DIGEST},
    "edgewise:functions": {"face-match": FUNCTION, "liveness": FUNCTION | {"on_flood": "stay_up", "plan": "pro"}},
}
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/ledger"
BUCKET = "arn:aws:s3:::lake"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder: Path = tmp_path_factory.mktemp("program")
        return run_program("prod", TWO, tmp_path=folder, monkeypatch=monkeypatch)


def test_no_document_of_the_stack_is_too_wide(program: Recorder) -> None:
    found = [(each.name, document) for each in program.declared for _, document in documents(each.properties)]

    wide = {name: reasons for name, document in found if (reasons := too_wide(document))}
    assert wide == {}
    # Two edge functions and two guards with their schedules, settle: each with a policy and a trust; the topic's, the
    # models' bucket's, the lake's.
    assert len(found) >= 7 * 2 + 3


def test_every_role_and_policy_is_looked_at(program: Recorder) -> None:
    holders = {"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:s3/bucketPolicy:BucketPolicy"}
    holders |= {"aws:sns/topicPolicy:TopicPolicy", "aws:sqs/queuePolicy:QueuePolicy"}
    for each in program.declared:
        if each.kind in holders:
            assert list(documents(each.properties)), each.name
        assert each.kind not in {"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policy:Policy"}
        assert not {"managedPolicyArns", "inlinePolicies"} & set(each.properties)


def test_the_program_grants_on_everything_what_this_list_says() -> None:
    assert set(statements.ON_EVERYTHING) == set(ON_EVERYTHING)


def granting(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Sid": "S", "Effect": "Allow"} | statement]}


def by_item(*keys: str, demanded: str = "false") -> dict[str, Any]:
    return {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(keys)},
        "Null": {"dynamodb:LeadingKeys": demanded},
    }


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (granting(Action="*", Resource=BUCKET), "action *"),
        (granting(Action="s3:*", Resource=BUCKET), "action s3:*"),
        (granting(Action=["s3:GetObject", "s3:Put*"], Resource=BUCKET), "action s3:Put*"),
        (granting(Action="s3:GetObject", Resource="*"), "s3:GetObject on *"),
        (granting(Action="s3:GetObject", Resource=["arn:aws:s3:::*/models/*"]), "on arn:aws:s3:::*/models/*"),
        (granting(Action="s3:GetObject", Resource=f"{BUCKET}*"), f"on {BUCKET}*"),
        (granting(Action="s3:DeleteObject", Resource=f"{BUCKET}/*"), "s3:DeleteObject on"),
        (granting(Action="sns:Publish", Resource="arn:aws:sns:*:*:alerts"), "sns:Publish on"),
        (granting(Action="logs:PutLogEvents", Resource="arn:aws:logs:*:*:log-group:*"), "logs:PutLogEvents on"),
        (
            granting(Action="lambda:InvokeFunction", Resource="arn:aws:lambda:us-east-1:0:function:*"),
            "on arn:aws:lambda",
        ),
        (granting(Action="dynamodb:UpdateItem", Resource=TABLE), "on every item"),
        (granting(Action="dynamodb:UpdateItem", Resource=TABLE, Condition=by_item()), "on every item"),
        (granting(Action="dynamodb:GetItem", Resource=TABLE, Condition=by_item("limits#*")), "on every item"),
        (granting(Action="dynamodb:GetItem", Resource=TABLE, Condition=by_item("a", demanded="true")), "on every item"),
        (granting(NotAction="s3:GetObject", Resource=BUCKET), "NotAction"),
        (granting(Action="s3:GetObject", NotResource=BUCKET), "NotResource"),
        (granting(Action="s3:GetObject", Resource=BUCKET, Principal="*"), "anybody may"),
        (granting(Action="s3:GetObject", Resource=BUCKET, Principal={"AWS": ["*"]}), "anybody may"),
    ],
)
def test_what_is_too_wide_is_found(document: dict[str, Any], reason: str) -> None:
    assert any(reason in found for found in too_wide(document))


@pytest.mark.parametrize(
    "document",
    [
        granting(Action="dynamodb:ListStreams", Resource="*"),
        granting(Action="s3:GetObject", Resource=f"{BUCKET}/models/*"),
        granting(Action="dynamodb:GetItem", Resource=TABLE, Condition=by_item("limits#face-match")),
        granting(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}),
        granting(Effect="Deny", Action="s3:*", Resource=[BUCKET, f"{BUCKET}/*"], Principal="*"),
    ],
)
def test_what_must_be_is_let_be(document: dict[str, Any]) -> None:
    assert too_wide(document) == []

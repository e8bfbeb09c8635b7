"""Services, queues, data."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policies.ordinary.sites import code, trust


def _function(name: str, part: str = "function", **more: Any) -> Any:
    role = aws.iam.Role(f"{name}-{part}-role", assume_role_policy=trust("lambda.amazonaws.com"))
    return aws.lambda_.Function(
        f"{name}-{part}", role=role.arn, runtime="python3.13", handler="handler.handler", code=code(), **more
    )


def queue_worker(name: str) -> None:
    """A function that works off a queue, with a dead-letter queue."""
    letters = aws.sqs.Queue(f"{name}-letters")
    redrive = letters.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}))
    queue = aws.sqs.Queue(f"{name}-queue", redrive_policy=redrive)
    worker = _function(name, timeout=60)
    aws.lambda_.EventSourceMapping(f"{name}-mapping", event_source_arn=queue.arn, function_name=worker.arn)


def plain_api(name: str) -> None:
    """An HTTP API that a function answers."""
    function = _function(name)
    api = aws.apigatewayv2.Api(f"{name}-api", protocol_type="HTTP")
    integration = aws.apigatewayv2.Integration(
        f"{name}-integration", api_id=api.id, integration_type="AWS_PROXY", integration_uri=function.invoke_arn
    )
    target = pulumi.Output.concat("integrations/", integration.id)
    aws.apigatewayv2.Route(f"{name}-route", api_id=api.id, route_key="POST /things", target=target)
    aws.apigatewayv2.Stage(f"{name}-stage", api_id=api.id, name="$default", auto_deploy=True)
    aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="apigateway.amazonaws.com",
    )


def function_address(name: str) -> None:
    """A function with an address of its own."""
    function = _function(name)
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=function.name, authorization_type="AWS_IAM")


def nightly_job(name: str) -> None:
    """A function that runs at night, with its log."""
    function = _function(name)
    aws.cloudwatch.LogGroup(f"{name}-log", name=pulumi.Output.concat("/aws/lambda/", function.name))
    rule = aws.cloudwatch.EventRule(f"{name}-rule", schedule_expression="cron(0 3 * * ? *)")
    aws.cloudwatch.EventTarget(f"{name}-target", rule=rule.name, arn=function.arn)


def database_app(name: str) -> None:
    """A database and an alarm about it that nobody hears."""
    database = aws.rds.Instance(
        f"{name}-database",
        engine="postgres",
        instance_class="db.t4g.micro",
        allocated_storage=20,
        username="app",
        manage_master_user_password=True,
        skip_final_snapshot=True,
    )
    aws.cloudwatch.MetricAlarm(
        f"{name}-alarm",
        namespace="AWS/RDS",
        metric_name="CPUUtilization",
        comparison_operator="GreaterThanThreshold",
        threshold=80,
        evaluation_periods=3,
        period=300,
        statistic="Average",
        dimensions={"DBInstanceIdentifier": database.identifier},
    )


def container_service(name: str) -> None:
    """A container that runs all day."""
    cluster = aws.ecs.Cluster(f"{name}-cluster")
    containers = json.dumps([{"name": "app", "image": "public.ecr.aws/nginx/nginx:stable", "essential": True}])
    task = aws.ecs.TaskDefinition(
        f"{name}-task",
        family=name,
        cpu="256",
        memory="512",
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        container_definitions=containers,
    )
    aws.ecs.Service(
        f"{name}-service",
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=2,
        launch_type="FARGATE",
        network_configuration={"subnets": ["subnet-1"]},
    )


def fan_out(name: str) -> None:
    """A topic that writes to two queues."""
    topic = aws.sns.Topic(f"{name}-topic")
    for part in ("bills", "mails"):
        queue = aws.sqs.Queue(f"{name}-{part}")
        aws.sns.TopicSubscription(f"{name}-{part}-subscription", topic=topic.arn, protocol="sqs", endpoint=queue.arn)


def workflow(name: str) -> None:
    """A state machine of one function."""
    function = _function(name)
    role = aws.iam.Role(f"{name}-states-role", assume_role_policy=trust("states.amazonaws.com"))
    definition = function.arn.apply(
        lambda arn: json.dumps({"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": arn, "End": True}}})
    )
    aws.sfn.StateMachine(f"{name}-machine", role_arn=role.arn, definition=definition)


def table_of_things(name: str) -> None:
    """A table with a stream, a first item and a function that may write it."""
    table = aws.dynamodb.Table(
        f"{name}-table",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
        stream_enabled=True,
        stream_view_type="NEW_IMAGE",
    )
    item = json.dumps({"pk": {"S": "limits#things"}, "daily_quota": {"N": "5"}})
    aws.dynamodb.TableItem(f"{name}-item", table_name=table.name, hash_key="pk", item=item)
    listener = _function(name)
    aws.lambda_.EventSourceMapping(
        f"{name}-mapping", event_source_arn=table.stream_arn, function_name=listener.arn, starting_position="LATEST"
    )


def data_lake(name: str) -> None:
    """A bucket of records, tables over it, queries without a limit."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    database = aws.glue.CatalogDatabase(f"{name}-database", name="records")
    aws.glue.CatalogTable(
        f"{name}-table",
        database_name=database.name,
        name="records",
        storage_descriptor={"location": pulumi.Output.concat("s3://", bucket.bucket, "/records/")},
    )
    aws.athena.Workgroup(f"{name}-queries")


def image_registry(name: str) -> None:
    """A registry that forgets old images."""
    registry = aws.ecr.Repository(f"{name}-registry")
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
        "action": {"type": "expire"},
    }
    aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=registry.name, policy=json.dumps({"rules": [rule]}))


def budget_of_the_account(name: str) -> None:
    """A budget of the whole account, with a mail."""
    aws.budgets.Budget(
        f"{name}-budget",
        budget_type="COST",
        limit_amount="500",
        limit_unit="USD",
        time_unit="MONTHLY",
        notifications=[
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": "FORECASTED",
                "threshold": 100,
                "threshold_type": "PERCENTAGE",
                "subscriber_email_addresses": ["owner@example.com"],
            }
        ],
    )

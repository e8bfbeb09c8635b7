"""The program of every stack: read the settings, then declare what they say."""

from __future__ import annotations

import pulumi
from pulumi.runtime.config import CONFIG

from infra.bound import require_within_budget
from infra.components.ledger import Ledger, LedgerArgs
from infra.components.model_store import ModelStore, ModelStoreArgs
from infra.edge_python import edge_python
from infra.functions import deploy_function
from infra.guard import require_right_cloud
from infra.home import deploy_alerts, deploy_dashboard, deploy_lake, deploy_settle
from infra.models import pinned_models
from infra.names import physical_name
from infra.preview_text import announce
from infra.settings import read_settings
from infra.watch import arns_of, deploy_guards, deploy_stack_alarms

stack = pulumi.get_stack()
settings = read_settings(stack, CONFIG.get())
require_right_cloud(stack)
models = pinned_models(settings)
worst = require_within_budget(settings, {name: model.manifest for name, model in models.items()})
announce(settings, worst)
python = edge_python(stack)

store = ModelStore(
    physical_name(stack, "models"),
    ModelStoreArgs(
        models={model.manifest.digest: model for model in models.values()},
        tags=settings.tags(),
        protect=settings.protects_data,
    ),
)
ledger = Ledger(
    physical_name(stack, "ledger"),
    LedgerArgs(table_name=physical_name(stack, "ledger"), tags=settings.tags(), protect=settings.protects_data),
)
alerts = deploy_alerts(settings)
lake = deploy_lake(settings)
functions = [
    deploy_function(
        name,
        function,
        settings=settings,
        model=models[function.model],
        store=store,
        ledger=ledger,
        python=python,
    )
    for name, function in settings.functions.items()
]
store.let_read([function.endpoint.distribution.arn for function in functions])
settle = deploy_settle(settings, functions, worst=worst, ledger=ledger, lake=lake, alerts=alerts, python=python)
guards = deploy_guards(settings, functions, ledger=ledger, alerts=alerts, python=python)
shared_alarms = deploy_stack_alarms(settings, ledger=ledger, settle=settle, alerts=alerts)
deploy_dashboard(settings, functions, worst=worst, alarm_arns=arns_of([shared_alarms, *guards]))

pulumi.export("bound", worst.to_output())
pulumi.export("endpoints", {function.name: function.describe() for function in functions})
pulumi.export("model_bucket", store.bucket.bucket)
pulumi.export("lake_bucket", lake.bucket.bucket)
pulumi.export(
    "signing_keys", pulumi.Output.secret({function.name: function.keys.signing_keys for function in functions})
)

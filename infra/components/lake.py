"""The lake: receipts in a private bucket, a table over them, and a workgroup that can't scan for more than a cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi_aws import athena, glue, s3

from edgewise.cost.bound import StackShared
from inference.lake import COLUMNS, PARTITIONS, PREFIX
from infra.components.component import Component, Customize
from infra.components.private_bucket import CHILDREN as BUCKET_CHILDREN
from infra.components.private_bucket import private_bucket, refuse_plain_http
from infra.components.statements import document

CHILDREN: Final = (*BUCKET_CHILDREN, "lifecycle", "policy", "database", "table", "workgroup", "query")

TABLE: Final = PREFIX
CLAIMS_PREFIX: Final = "alerts"
RESULTS_PREFIX: Final = "queries"

# 13 months, so that a month can be compared with the same month a year before; not more than the 13 x 31 days that
# the bound counts (edgewise/cost/bound/endpoint.py, lake_months).
RECEIPT_DAYS: Final = 396
# A claim must outlive every record that could raise its alert again: the stream's day, and the month it is about.
CLAIM_DAYS: Final = 90
RESULT_DAYS: Final = 7

# Hive's words for gzipped JSON lines: Amazon Athena User Guide, "OpenX JSON SerDe".
TEXT_INPUT: Final = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT: Final = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
JSON_SERDE: Final = "org.openx.data.jsonserde.JsonSerDe"


@dataclass(frozen=True, kw_only=True, slots=True)
class LakeArgs:
    """Inputs.

    Attributes
    ----------
    database_name : str
        Lower-case letters, digits and ``_``.
    workgroup_name : str
    functions : sequence of str
        The values that the partition ``function`` can have.
    queries : mapping of str to str
        Named queries, by name.
    tags : dict of str to str
    protect : bool
        Keep the bucket when the program forgets it; otherwise delete what lies in it with it.
    shared : StackShared
        What the bound counts; the scan cut-off is from there.
    customize : mapping
        See `Component`.
    """

    database_name: str
    workgroup_name: str
    functions: Sequence[str]
    queries: Mapping[str, str]
    tags: dict[str, str]
    protect: bool
    shared: StackShared
    customize: Customize = field(default_factory=dict)


class Lake(Component):
    """One bucket, one table, one workgroup a stack.

    Attributes
    ----------
    bucket : pulumi_aws.s3.Bucket
    table : pulumi_aws.glue.CatalogTable
    workgroup : pulumi_aws.athena.Workgroup
    """

    def __init__(self, name: str, args: LakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:Lake", name, children=CHILDREN, customize=args.customize, opts=opts)
        self._args = args
        self.bucket, private = private_bucket(
            self, tags=args.tags, protect=args.protect, force_destroy=not args.protect
        )
        self._refuse_plain_http(self._forget_in_time(private))
        self.table = self._table()
        self.workgroup = self._workgroup()
        for query, sql in sorted(args.queries.items()):
            self.child(
                athena.NamedQuery,
                "query",
                suffix=query,
                name=query,
                database=self.table.database_name,
                workgroup=self.workgroup.name,
                query=sql,
            )
        self.register_outputs({"bucket": self.bucket.bucket})

    def _forget_in_time(self, private: pulumi.CustomResource) -> pulumi.CustomResource:
        """Let everything expire by its prefix.

        Not versioned: a batch handed over again writes the same object, the ledger is the truth, and kept versions
        would be storage that the bound does not count.
        """
        days = {PREFIX: RECEIPT_DAYS, CLAIMS_PREFIX: CLAIM_DAYS, RESULTS_PREFIX: RESULT_DAYS}
        expire = [
            {
                "id": f"forget-{prefix}",
                "status": "Enabled",
                "filter": {"prefix": f"{prefix}/"},
                "expiration": {"days": after},
            }
            for prefix, after in days.items()
        ]
        aborted = {
            "id": "forget-aborted-uploads",
            "status": "Enabled",
            # An empty filter is read back as a diff; a prefix of nothing means all objects.
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
        }
        return self.child(
            s3.BucketLifecycleConfiguration,
            "lifecycle",
            bucket=self.bucket.bucket,
            rules=[*expire, aborted],
            opts=pulumi.ResourceOptions(depends_on=[private]),
        )

    def _refuse_plain_http(self, settled: pulumi.CustomResource) -> s3.BucketPolicy:
        return self.child(
            s3.BucketPolicy,
            "policy",
            bucket=self.bucket.bucket,
            policy=document(refuse_plain_http(self.bucket)),
            opts=pulumi.ResourceOptions(depends_on=[settled]),
        )

    def _table(self) -> glue.CatalogTable:
        args = self._args
        database = self.child(glue.CatalogDatabase, "database", name=args.database_name, tags=args.tags)
        location = pulumi.Output.concat("s3://", self.bucket.bucket, f"/{PREFIX}/")
        return self.child(
            glue.CatalogTable,
            "table",
            name=TABLE,
            database_name=database.name,
            table_type="EXTERNAL_TABLE",
            partition_keys=[{"name": name, "type": "string"} for name in PARTITIONS],
            parameters=_parameters(args.functions, location),
            storage_descriptor={
                "location": location,
                "input_format": TEXT_INPUT,
                "output_format": TEXT_OUTPUT,
                "compressed": True,
                "columns": [{"name": column.name, "type": column.hive_type} for column in COLUMNS],
                # A line that is no JSON fails the query: a row left out in silence would be a wrong sum.
                "ser_de_info": {"name": "json", "serialization_library": JSON_SERDE},
            },
        )

    def _workgroup(self) -> athena.Workgroup:
        args = self._args
        return self.child(
            athena.Workgroup,
            "workgroup",
            name=args.workgroup_name,
            configuration={
                # Nobody's client settings get around the cut-off or write results elsewhere.
                "enforce_workgroup_configuration": True,
                "bytes_scanned_cutoff_per_query": args.shared.query_scan_bytes,
                "result_configuration": {
                    "output_location": pulumi.Output.concat("s3://", self.bucket.bucket, f"/{RESULTS_PREFIX}/"),
                    "encryption_configuration": {"encryption_option": "SSE_S3"},
                },
            },
            force_destroy=not args.protect,
            tags=args.tags,
        )


def _parameters(functions: Sequence[str], location: pulumi.Output[str]) -> dict[str, Any]:
    """Return the table's parameters: Athena works out the partitions, nobody has to add one a day.

    Source: Amazon Athena User Guide, "Supported types for partition projection".
    """
    day, function = PARTITIONS
    return {
        "EXTERNAL": "TRUE",
        "classification": "json",
        "compressionType": "gzip",
        "projection.enabled": "true",
        f"projection.{day}.type": "date",
        f"projection.{day}.format": "yyyy-MM-dd",
        f"projection.{day}.interval": "1",
        f"projection.{day}.interval.unit": "DAYS",
        # A day more at each end: receipts expire at midnight, and a day may begin there before it does here.
        f"projection.{day}.range": f"NOW-{RECEIPT_DAYS + 1}DAYS,NOW+1DAYS",
        f"projection.{function}.type": "enum",
        f"projection.{function}.values": ",".join(sorted(functions)),
        "storage.location.template": pulumi.Output.concat(location, f"{day}=${{{day}}}/{function}=${{{function}}}/"),
    }

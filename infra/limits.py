"""Platform limits that the program checks before it declares a resource. One constant each, with its source."""

from __future__ import annotations

from typing import Final, NamedTuple


class Range(NamedTuple):
    """An inclusive range and who says so."""

    low: float
    high: float
    source: str


# Lambda@Edge origin-request functions: "Quotas on Lambda@Edge", Amazon CloudFront Developer Guide.
MEMORY_MB: Final = Range(128, 10_240, "AWS Lambda quotas: 128 MB to 10,240 MB")
TIMEOUT_S: Final = Range(1, 30, "Amazon CloudFront quotas: Lambda@Edge functions run for at most 30 s")
ZIP_BYTES: Final = 50_000_000  # Amazon CloudFront quotas: origin-event functions, 50 MB zipped.
GATE_BYTES: Final = 10_240  # Amazon CloudFront quotas: CloudFront Functions, 10 KB of code.

# 13 Regions x 10,000 requests/s x 86,400 s: what Lambda@Edge can run in a day at its default quotas.
DAILY_QUOTA: Final = Range(
    1, 11_232_000_000, "AWS quotas: 13 Regions x 10,000 requests/s x 86,400 s is all that can run in a day"
)
MS_PER_REQUEST: Final = Range(1, 30_000, "no request can take longer than Lambda@Edge's 30 s")
# The web ACL counts in windows of 60 s and longer, from 10 requests a window.
RATE_CAP_RPS: Final = Range(
    1, 250_000, "Amazon CloudFront quotas: 250,000 requests/s a distribution; AWS WAF: 10 requests a window"
)
# Refused requests a month before the guard acts; each is in the bound.
ALLOWANCE: Final = Range(0, 10_000_000_000, "Edgewise: refused requests a month that the bound prices")
MONTHLY_BUDGET_USD: Final = Range(1, 1_000_000, "Edgewise: a budget of a whole dollar to a million")
LEASE_REQUESTS: Final = Range(1, 10_000, "Edgewise: what one lost environment may cost the day's quota")
LEASE_LEAST: Final = Range(1, 10_000, "Edgewise: the quota divided by the smallest lease bounds the leases of a day")
MONTHLY_QUOTA: Final = Range(1, 348_192_000_000, "AWS quotas: 31 days of all that Lambda@Edge can run in a day")
GRANTS_DAILY: Final = Range(1, 11_232_000_000, "Edgewise: no more leases than requests")
LEASE_SECONDS: Final = Range(10, 3_600, "Edgewise: a stop through the ledger acts within one lease")

DEVICE_ID_LENGTH: Final = 64  # inference/contract.py, DEVICE_ID; a test holds both together.
FUNCTION_NAME_LENGTH: Final = 32
# The longest child name is "edgewise-<stack>-<function>-headers"; CloudFront names end at 64 characters:
# CloudFront API, CreateFunction, [a-zA-Z0-9-_]{1,64}; IAM roles too.
RESOURCE_NAME_LENGTH: Final = 64
# Endings and a name that the program itself gives to Lambda functions and roles beside the owner's.
OWN_ENDINGS: Final = ("-guard", "-clock")
OWN_NAMES: Final = frozenset({"settle"})
STACK_NAME_LENGTH: Final = 14

# CloudWatch Logs API, PutRetentionPolicy.
LOG_RETENTION_DAYS: Final = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

# RFC 5321, 4.5.3.1.3: a path ends at 256 characters, of which two are its brackets.
EMAIL_LENGTH: Final = 254

# AWS tag values: 256 characters of letters, digits, spaces and _ . : / = + - @ (Tagging best practices).
TAG_VALUE_LENGTH: Final = 256

# Lambda@Edge functions, their certificates and CLOUDFRONT web ACLs are accepted in this Region only.
HOME_REGION: Final = "us-east-1"

# The stand-in providers' account. It can be nobody's: AWS account ids start at a later number.
STAND_IN_ACCOUNT: Final = "000000000000"

"""Error codes that the API documents for a modelled action and that the model never answers, and why.

Patterns are shell-style and match ``Action/Code``. The first group that matches decides; the tests hold that every
documented code is either declared by its action or matched here, and that no pattern is idle.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

__all__ = ["REASONS", "Reason", "reason_for"]


class Reason(NamedTuple):
    """A group of codes with one reason; ``key`` is its short name in the reference."""

    key: str
    text: str
    patterns: tuple[str, ...]


REASONS = (
    Reason(
        "tags",
        "Tags are plain data here: there is no tag service with quotas, reserved keys and permissions of its own.",
        ("*/*.Tag*", "DescribeInstances/FailedOperation.IllegalTag*"),
    ),
    Reason(
        "rate",
        "Calls are counted in front of the region, by `RateLimiter`, which answers `RequestLimitExceeded`.",
        ("*/LimitExceeded.ActionLimited", "*/RequestLimitExceeded"),
    ),
    Reason(
        "trouble",
        "The cloud's own trouble. It belongs to whoever drives the region: an error burst or a failed task of a "
        "scenario or of the server; a task that failed is told as `FAILED` by its Describe action.",
        (
            "*/InternalError*",
            "*/InternalServerError",
            "*/FailedOperation.TaskFailed",
            "*/FailedOperation.NetDetectTimeOut",
            "*/UnsupportedOperation.DeliveryFailed",
            "*/SecGroupActionFailure",
            "AssociateSecurityGroups/FailedOperation.SecurityGroupActionFailed",
            "*/FailedOperation.AddressEniInfoNotFound",
            "*/FailedOperation.MasterEniNotFound",
        ),
    ),
    Reason(
        "money",
        "Bills, orders, account types and charge types are not modelled; only the two flags of an EIP are "
        "(`Region.flag_eip`), which refuse a binding.",
        (
            "*/FailedOperation.BalanceInsufficient",
            "*/InvalidAccount.*",
            "*/InvalidPermission",
            "*/LimitExceeded.AccountReturnQuota",
            "*/LimitExceeded.MonthlyAddressRecoveryQuota",
            "*/UnauthorizedOperation.InvalidAccount",
            "*/UnsupportedOperation.AccountNotSupported",
            "*/UnsupportedOperation.UnpaidOrderAlreadyExists",
            "*/UnsupportedOperation.OfflineChargeType",
            "*/UnsupportedOperation.InstanceChargeType",
            "*/UnsupportedOperation.InvalidAddressInternetChargeType",
            "*/InvalidParameterValue.InvalidInstanceInternetChargeType",
            "*/InvalidParameterValue.AddressInternetChargeTypeConflict",
            "*/UnsupportedOperation.ModifyAddressAttribute",
            "TransformAddress/OperationDenied.AddressInArrears",
            "*/OperationDenied.AddressDeletionProtectionEnabled",
            "DisassociateAddress/InvalidAddressId.Blocked",
            "TransformAddress/InvalidAddressId.Blocked",
            "ModifyAddressAttribute/InvalidAddressId.Blocked",
            "AllocateAddresses/InvalidAddressId.Blocked",
        ),
    ),
    Reason(
        "identity",
        "There is one account without sub-users, approvals and second factors; signatures are the endpoint's business.",
        (
            "*/UnauthorizedOperation",
            "*/UnauthorizedOperation.InvalidToken",
            "*/UnauthorizedOperation.MFA*",
            "*/UnsupportedOperation.AppIdMismatch",
            "*/InvalidParameterValue.InvalidAppIdFormat",
            "*/InvalidParameterValue.MemberApproval*",
            "*/UnsupportedOperation.LockedResources",
        ),
    ),
    Reason(
        "eip-kinds",
        "Only ordinary EIPs of one region exist: no anycast, high-quality or protected kinds, dedicated clusters, "
        "egresses, bandwidth packages, load balancers or NAT gateways to bind them to.",
        (
            "AllocateAddresses/FailedOperation.InvalidRegion",
            "AllocateAddresses/UnsupportedOperation.UnsupportedRegion",
            "AllocateAddresses/UnauthorizedOperation.AnycastEip",
            "AllocateAddresses/UnsupportedOperation.NotSupportedPurchaseCenterEgressResource",
            "AllocateAddresses/LimitExceeded.BandwidthPackage*",
            "AllocateAddresses/InvalidParameterValue.MixedAddressIpSetType",
            "AllocateAddresses/InvalidParameterValue.*Egress",
            "AllocateAddresses/InvalidParameterValue.Address*",
            "AllocateAddresses/InvalidParameterValue.UnavailableZone",
            "AllocateAddresses/InvalidParameterValue.InstanceIdMalformed",
            "AllocateAddresses/InvalidParameterValue.Resource*",
            "AllocateAddresses/InvalidParameterValue.Combination",
            "AllocateAddresses/InvalidParameterConflict",
            "AllocateAddresses/ResourceInsufficient",
            "AllocateAddresses/UnsupportedOperation.InstanceStateNotSupported",
            "*/UnsupportedOperation.BandwidthPackageIdNotSupported",
            "*/InvalidParameterValue.BandwidthPackage*",
            "*/InvalidParameterValue.BandwidthTooSmall",
            "*/InvalidParameterValue.InvalidDedicatedClusterId",
            "*/InvalidParameterValue.AddressTypeConflict",
            "*/InvalidParameterValue.AddressNotApplicable",
            "*/InvalidParameterValue.InstanceDoesNotSupportAnycast",
            "*/InvalidParameterValue.InstanceNormalPublicIpBlocked",
            "*/InvalidParameterValue.InstanceNotMatchAssociateEni",
            "*/InvalidParameterValue.LBAlreadyBindEip",
            "*/InvalidParameterValue.NetworkInterfaceIdNotMatch",
            "*/InvalidParameterValue.PrivateIpAddressNotMatch",
            "*/InvalidParameterValue.ResourceNotExisted",
            "AssociateAddress/InvalidParameterValue.ResourceNotSupport",
            "*/UnsupportedOperation.AddressIpNotSupportInstance",
            "*/UnsupportedOperation.IncorrectAddressResourceType",
            "*/UnsupportedOperation.IspNotSupported",
            "*/UnsupportedOperation.ActionNotFound",
            "*/UnsupportedOperation.InvalidAction",
            "*/UnsupportedOperation.UnsupportedBindLocalZoneEIP",
            "*/InvalidParameterValue.*EipVisibleOnEni",
            "*/InvalidParameterValue.AddressAlreadyHasPassThrough",
            "AssociateAddress/InvalidParameterValue.InstanceHasNoWanIP",
            "AssociateAddress/InvalidParameterValue.InstanceNoWanIP",
        ),
    ),
    Reason(
        "instance-kinds",
        "Instances have the states that start, stop, reboot and terminate bring about, and no rescue mode, live "
        "migration, isolation, hibernation, host, cluster, application role or edge zone.",
        (
            "*/UnsupportedOperation.InstanceReinstallFailed",
            "*/UnsupportedOperation.InstanceState*",
            "*/UnsupportedOperation.HibernationForNormalInstance",
            "*/UnsupportedOperation.StoppedModeStopCharging",
            "*/UnsupportedOperation.EdgeZoneInstance",
            "*/FailedOperation.InvalidInstanceApplicationRole",
            "*/InvalidInstance.NotSupported",
            "*/InvalidParameterValue.ZoneNotSupported",
            "*/InvalidHostId.Malformed",
            "*/ResourceNotFound.HpcCluster",
            "*/UnsupportedOperation.UnsupportedInstanceFamily",
            "DisassociateAddress/InvalidInstanceId.NotFound",
        ),
    ),
    Reason(
        "network-kinds",
        "There is no IPv6, CDC, NAT or direct connect gateway, custom route, ACL, sub-ENI, other business on a HAVIP, "
        "classic network or SNAT pool.",
        (
            "*/UnsupportedOperation.EnableMulticast",
            "*/UnsupportedOperation.RouteTableHasSubnetRule",
            "*/UnsupportedOperation.DcGatewaysNotFoundInVpc",
            "*/UnsupportedOperation.NatGatewaySnatRuleNotExists",
            "*/UnsupportedOperation.NotPutVpcSnatIpAddress",
            "*/UnsupportedOperation.TrafficProtectionNotSupportIPv6",
            "*/UnsupportedOperation.EniNotSupportTerminationProtection",
            "*/UnsupportedOperation.SubEniNotSupportTrunking",
            "*/UnsupportedOperation.ResourceMismatch",
            "*/InvalidParameterValue.SubnetOverlapRoute",
            "*/InvalidParameterValue.ZoneConflict",
            "*/InvalidParameterValue.InvalidBusiness",
            "*/InvalidParameterValue.IPv6AddressMalformed",
            "CreateVpc/InvalidParameterValue.SubnetOverlap",
            "CreateVpc/ResourceInsufficient",
            "CreateVpc/ResourceNotFound",
        ),
    ),
    Reason(
        "synonym",
        "Another code of the same action says the same, and is the one that is answered.",
        (
            "*/InvalidAddressIdStatus.NotPermit",
            "*/InvalidAddressState",
            "*/InvalidParameterValue.AddressNotFound",
            "*/InvalidParameterValue.NetworkInterfaceNotFound",
            "*/InvalidParameterValue.MissingAssociateEntity",
            "*/InvalidParameterValue.InstanceNoWanIP",
            "*/InvalidParameter.Conflict",
            "*/UnsupportedOperation.PrimaryIp",
            "CreateSubnet/InvalidParameterValue.SubnetOverlap",
            "CreateSubnet/InvalidParameterValue.Duplicate",
            "*/UnsupportedOperation.Record*",
            "*/InvalidParameterValue.Empty",
            "*/InvalidParameterValue.InstanceIdMalformed",
            "*/OperationDenied.InstanceOperationInProgress",
            "AssociateSecurityGroups/MutexOperation.TaskRunning",
            "DisassociateSecurityGroups/MutexOperation.TaskRunning",
            "AssociateSecurityGroups/LimitExceeded.SingleUSGQuota",
            "*/UnsupportedOperation.AddressStatusNotPermit",
            "*/InvalidParameterValue.InvalidIpFormat",
            "DeleteSecurityGroup/ResourceNotFound",
            "DeleteSecurityGroup/InvalidParameterValue.*",
            "CreateSecurityGroup/InvalidParameterValue.Malformed",
            "CreateSubnet/InvalidParameterValue.LimitExceeded",
            "CreateSecurityGroup/InvalidParameterValue.LimitExceeded",
            "Create*NetworkInterface/ResourceInsufficient",
            "CreateAndAttachNetworkInterface/ResourceInsufficient",
            "AssignPrivateIpAddresses/ResourceInsufficient",
        ),
    ),
    Reason(
        "filters",
        "The values of a filter are compared with what exists and not checked for their form; what does not exist "
        "matches nothing.",
        (
            "DescribeInstances/*",
            "DescribeAddresses/InvalidParameterValue.*Malformed",
            "DescribeHaVips/InvalidParameterValue.TooLong",
            "Create*NetworkInterface/InvalidParameter.Filter*",
            "*/InvalidParameterValue.NotUtf8EncodingError",
        ),
    ),
    Reason(
        "general",
        "A general code that the list carries along; this action answers more specific ones, or nothing in the model "
        "calls for it.",
        (
            "*/UnsupportedOperation",
            "*/InvalidParameterValue",
            "*/ResourceNotFound",
            "CreateSecurityGroup/InvalidParameterValue.Duplicate",
        ),
    ),
)


def reason_for(action: str, code: str) -> Reason | None:
    """Why the action never answers with the code; None when no reason is known."""
    name = f"{action}/{code}"
    for reason in REASONS:
        if any(fnmatchcase(name, pattern) for pattern in reason.patterns):
            return reason
    return None

"""A modelled refusal of the cloud: a documented code and its message.

The texts say what those of the official SDK say (``errorcodes.py`` of the vpc and cvm packages). Only codes that the
model produces are here; :mod:`hasim.cloud.reference` lists the others with the reason why they cannot occur.
"""

from __future__ import annotations

from hasim.errors import HasimError

__all__ = ["COMMON_CODES", "MESSAGES", "CloudError", "refusal"]

COMMON_CODES = frozenset(
    {
        "InternalError",
        "InvalidAction",
        "InvalidParameter",
        "InvalidParameterValue",
        "MissingParameter",
        "RequestLimitExceeded",
        "UnknownParameter",
        "UnsupportedOperation",
    }
)
"""Codes that any action may answer with (the API's table of common errors), whether or not its own list names them."""

MESSAGES = {
    "AddressQuotaLimitExceeded": (
        "The account quota is reached. Each account can create a limited number of EIPs in a region."
    ),
    "AddressQuotaLimitExceeded.DailyAllocate": (
        "The maximum number of requests made by an account per day in a region is reached."
    ),
    "EniNotAllowedChangeSubnet": "The ENI is not allowed to change its subnet.",
    "FailedOperation.NoAvailableIpAddressCountInSubnet": "The subnet does not have enough available IP addresses.",
    "FailedOperation.NotFoundEIP": "This instance does not bind an EIP.",
    "FailedOperation.SecurityGroupActionFailed": "Security group operation failed.",
    "InternalError": "Internal error.",
    "InvalidAction": "The action does not exist.",
    "InvalidAddressId.Blocked": "The specified EIP is in blocked status. It cannot be bound until it is unblocked.",
    "InvalidAddressId.NotFound": "The specified EIP does not exist.",
    "InvalidClientToken.TooLong": "The client token is too long; it has 64 ASCII characters at most.",
    "InvalidFilter": "Invalid filter.",
    "InvalidFilterValue.LimitExceeded": "The value of the filter exceeds the limit.",
    "InvalidInstanceId.AlreadyBindEip": "The specified instance has already been bound to an EIP.",
    "InvalidInstanceId.Malformed": "Invalid instance ID. The specified instance ID has an invalid format.",
    "InvalidInstanceId.NotFound": "No instance found.",
    "InvalidInstanceName.TooLong": "The instance name is too long.",
    "InvalidInstanceType.Malformed": "The specified instance type has an invalid format.",
    "InvalidNetworkInterfaceId.NotFound": (
        "The specified NetworkInterfaceId does not exist or the specified PrivateIpAddress is not on the "
        "NetworkInterfaceId."
    ),
    "InvalidParameter": "A parameter error occurred.",
    "InvalidParameter.Coexist": "The parameters cannot be specified at the same time.",
    "InvalidParameter.FilterInvalidKey": "The specified filter condition does not exist.",
    "InvalidParameter.FilterNotDict": "The specified filter condition should be a key-value pair.",
    "InvalidParameter.FilterValuesNotList": "The specified filter value should be a list.",
    "InvalidParameter.InvalidFilter": "The filter rule is invalid.",
    "InvalidParameterCombination": "The parameter combination is invalid.",
    "InvalidParameterConflict": (
        "The two parameters cannot be specified at the same time. EIP can only be bound to the instances or "
        "the specified private IPs of the specified ENIs."
    ),
    "InvalidParameterValue": "Incorrect parameter value.",
    "InvalidParameterValue.AddressIdMalformed": "This IP address ID is invalid.",
    "InvalidParameterValue.BandwidthOutOfRange": "The bandwidth exceeds the limit.",
    "InvalidParameterValue.Combination": "Invalid input parameters",
    "InvalidParameterValue.Duplicate": "The input parameter already exists.",
    "InvalidParameterValue.DuplicatePara": "The parameter value already exists.",
    "InvalidParameterValue.DuplicatedHaVipAssociations": "The given HAVIP and instance are already bound.",
    "InvalidParameterValue.IPAddressMalformed": "Invalid IP format",
    "InvalidParameterValue.InstanceHasNoWanIP": "The instance does not have a public IP.",
    "InvalidParameterValue.InstanceHasWanIP": "This instance already has a WanIP (public IP).",
    "InvalidParameterValue.InstanceIdMalformed": "Invalid instance ID. Please enter a valid ID, such as ins-xxxxxxxx.",
    "InvalidParameterValue.InvalidInstanceState": (
        "Operation failed: the status of the instance does not allow this operation."
    ),
    "InvalidParameterValue.InvalidTag": "This Tag is invalid.",
    "InvalidParameterValue.LimitExceeded": "The number of parameter values exceeds the limit.",
    "InvalidParameterValue.Malformed": "Invalid input format.",
    "InvalidParameterValue.OnlySupportedForMasterNetworkCard": "This operation is only available for primary ENIs.",
    "InvalidParameterValue.ParameterMismatch": "Invalid parameter format",
    "InvalidParameterValue.Range": "Invalid parameter value: invalid parameter value range.",
    "InvalidParameterValue.Reserved": "The parameter value is retained by the system.",
    "InvalidParameterValue.ResourceNotSupport": "The resource does not support this operation.",
    "InvalidParameterValue.SubnetConflict": "Subnet CIDR conflict.",
    "InvalidParameterValue.SubnetIdMalformed": (
        "Invalid subnet ID. Please provide a subnet ID in the format of subnet-xxxxxxxx."
    ),
    "InvalidParameterValue.SubnetNotExist": "The specified subnet does not exist.",
    "InvalidParameterValue.SubnetRange": "Invalid subnet CIDR.",
    "InvalidParameterValue.TagDuplicateKey": "Duplicate tag keys.",
    "InvalidParameterValue.TagInvalidKeyLen": "Invalid tag key length.",
    "InvalidParameterValue.TagInvalidVal": "Invalid tag value.",
    "InvalidParameterValue.TooLong": "Invalid parameter value. The parameter value is too long.",
    "InvalidParameterValue.VpcIdMalformed": "Invalid VPC ID. Please provide a VPC ID in the format of vpc-xxxxxxxx.",
    "InvalidParameterValue.VpcIdNotExist": "The specified VPC does not exist.",
    "InvalidParameterValue.VpcIdZoneIdNotMatch": "The VPC network is not in the specified zone.",
    "InvalidPrivateIpAddress.AlreadyBindEip": (
        "The specified private IP of the specified ENI has already been bound to an EIP. A private IP cannot "
        "be bound to more than one EIP."
    ),
    "InvalidSecurityGroupID.Malformed": "Invalid security group. The security group instance ID is invalid.",
    "InvalidSecurityGroupID.NotFound": "Invalid security group. The security group instance ID does not exist.",
    "InvalidSecurityGroupId.NotFound": "The specified security group ID does not exist.",
    "InvalidSgId.Malformed": "The specified security group ID is in the wrong format.",
    "InvalidZone.MismatchRegion": "The specified zone does not exist.",
    "LimitExceeded": "Quota limit is reached.",
    "LimitExceeded.AssociateUSGLimitExceeded": "An instance can be bound with up to 5 security groups.",
    "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded": (
        "The CVM ENIs associated with the security group have exceeded the limit."
    ),
    "LimitExceeded.InstanceAddressQuota": "Exceeded the upper limit of the EIPs bound to the instance.",
    "LimitExceeded.NetworkInterfaceLimitExceeded": (
        "The number of elastic network interfaces created in the VPC exceeds the quota."
    ),
    "LimitExceeded.NumberOfFilters": "Exceeded the character limit of a filter name.",
    "LimitExceeded.SecurityGroupPolicySet": "The number of security group policies exceeds the quota.",
    "LimitExceeded.SingleUSGQuota": "The number of security groups exceeds the quota limit.",
    "LimitExceeded.TagKeyPerResourceExceeded": "Reached the upper limit of tag keys per resource.",
    "MissingParameter": "Missing parameter.",
    "MutexOperation.TaskRunning": "An identical job is running.",
    "OperationDenied.AddressInArrears": "The specified public IP is isolated.",
    "OperationDenied.InstanceOperationInProgress": "The instance has an operation in progress. Please try again later.",
    "OperationDenied.MutexTaskRunning": "Mutually exclusive tasks are executing.",
    "RequestLimitExceeded": "The number of requests exceeds the frequency limit.",
    "ResourceInUse": "The resource is occupied.",
    "ResourceInsufficient": "Insufficient resources.",
    "ResourceInsufficient.Subnet": "The subnet does not have sufficient IPs.",
    "ResourceNotFound": "The resource does not exist.",
    "UnauthorizedOperation.AttachmentNotFound": "The binding relationship does not exist.",
    "UnauthorizedOperation.PrimaryIp": "The operation is not allowed for a primary IP.",
    "UnknownParameter": "The parameter is not recognized.",
    "UnsupportedOperation": "Unsupported operation.",
    "UnsupportedOperation.AddressStatusNotPermit": "This operation is not supported by the IP address status.",
    "UnsupportedOperation.AttachmentAlreadyExists": "The ENI is already bound to a CVM.",
    "UnsupportedOperation.AttachmentNotFound": "The binding relationship does not exist.",
    "UnsupportedOperation.BindEIP": "EIP has already been bound.",
    "UnsupportedOperation.DuplicatePolicy": "The policy already exists.",
    "UnsupportedOperation.IdempotentParameterMismatch": "The specified customer token has been used.",
    "UnsupportedOperation.IdempotentProcessing": (
        "The previous idempotent request is still being processed. Please try again later."
    ),
    "UnsupportedOperation.InstanceAssociateHavip": (
        "The instance is in the drift range of a HAVIP. Disassociate it from the HAVIP first."
    ),
    "UnsupportedOperation.InstanceStatePending": (
        "The instances are being created, and this operation is not supported."
    ),
    "UnsupportedOperation.InstanceStateRebooting": (
        "The instances are being restarted, and this operation is not supported."
    ),
    "UnsupportedOperation.InstanceStateRunning": "Running instances do not support this operation.",
    "UnsupportedOperation.InstanceStateStarting": "The instance is starting up, and this operation is not supported.",
    "UnsupportedOperation.InstanceStateStopped": (
        "The instance has been shut down, and this operation is not supported."
    ),
    "UnsupportedOperation.InstanceStateStopping": (
        "The instance is being shut down, and this operation is not supported."
    ),
    "UnsupportedOperation.InstanceStateTerminating": (
        "The instance is being terminated, and the operation is not supported."
    ),
    "UnsupportedOperation.InstanceStatusNotPermit": (
        "An instance that is stopped without being charged cannot be bound to an EIP."
    ),
    "UnsupportedOperation.InvalidState": "The resource status is invalid.",
    "UnsupportedOperation.MutexOperationTaskRunning": "Exclusive operation task of resources is in progress.",
    "UnsupportedOperation.ResourceIsInvalidState": "Operation prohibited: The resource is not available.",
    "UnsupportedOperation.SubnetNotExists": "The subnet does not exist.",
    "UnsupportedOperation.UnbindEIP": "EIP is not bound.",
    "UnsupportedOperation.VersionMismatch": "The version of the rules is not the current one.",
    "UnsupportedOperation.VpcMismatch": "The resources are not in the same VPC.",
    "UnsupportedOperation.ZoneMismatch": "The specified resources are not in the same availability zone.",
    "VpcAddrNotInSubNet": "The private IP is not in the subnet.",
    "VpcIpIsUsed": "The private IP is already in use.",
}


class CloudError(HasimError):
    """The control plane refuses a call; nothing has changed.

    Attributes:
        code: the documented error code, such as ``ResourceInUse``.
        message: its text, with what this call did wrong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[CloudError], tuple[str, str]]:
        # Exception's own pickling would pass the one formatted argument; errors cross process borders in studies.
        return CloudError, (self.code, self.message)


def refusal(code: str, detail: str = "") -> CloudError:
    """The error of that code: its documented message, followed by what is wrong here."""
    message = MESSAGES[code]
    return CloudError(code, f"{message} {detail}" if detail else message)

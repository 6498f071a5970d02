"""How Pulumi marks special values in its protocols and states: an object with this key.

https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
"""

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"

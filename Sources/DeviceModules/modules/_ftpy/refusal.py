"""The device's modules that cannot be had here, and what an import of one says."""

from typing import NoReturn

#: Not bound to the device's hardware: programs of the firmware that ftpy does not bring along.
LIBRARIES = "TenCentYun aLiYun ntptime quecIot request uasyncio umqtt uping uwebsocket webserver"


def refuse(name: str) -> NoReturn:
    """ModuleNotFoundError, as for any missing module: scripts catch it as an ImportError."""
    reason = (
        "is a library of the device's firmware that ftpy does not have"
        if name in LIBRARIES.split()
        else "runs only on the device: it drives hardware that this host does not have"
    )
    raise ModuleNotFoundError(
        f"{name} {reason}. Your own {name}.py beside the script is imported instead",
        name=name,
    )

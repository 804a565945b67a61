"""The device's modules that cannot be had here, and what an import of one says."""

from typing import NoReturn

#: Parts of the device's own software: what they do there, this host's system and Python do here.
SOFTWARE = {
    "osTimer": "it is a timer of the device's software. Use threading.Timer",
    "system": "it sets up the device's software",
}
#: Not bound to the device's hardware: programs of the firmware that ftpy does not bring along.
LIBRARIES = "TenCentYun aLiYun ntptime quecIot request uasyncio umqtt uping uwebsocket webserver"


def refuse(name: str) -> NoReturn:
    """ModuleNotFoundError, as for any missing module: scripts catch it as an ImportError."""
    if name in LIBRARIES.split():
        reason = "is a library of the device's firmware that ftpy does not have"
    else:
        what = SOFTWARE.get(name, "it drives hardware that this host does not have")
        reason = f"runs only on the device: {what}"
    raise ModuleNotFoundError(
        f"{name} {reason}. Your own {name}.py beside the script is imported instead",
        name=name,
    )

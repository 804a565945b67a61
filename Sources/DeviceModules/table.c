#include "DeviceModules.h"

static const char ftpy[] = {
#embed "modules/_ftpy/__init__.py" suffix(, 0)
};

static const char ftpy_child[] = {
#embed "modules/_ftpy/child.py" suffix(, 0)
};

static const char ftpy_chunk[] = {
#embed "modules/_ftpy/chunk.py" suffix(, 0)
};

static const char ftpy_client[] = {
#embed "modules/_ftpy/client.py" suffix(, 0)
};

static const char ftpy_deviceroot[] = {
#embed "modules/_ftpy/deviceroot.py" suffix(, 0)
};

static const char ftpy_files[] = {
#embed "modules/_ftpy/files.py" suffix(, 0)
};

static const char ftpy_hostpath[] = {
#embed "modules/_ftpy/hostpath.py" suffix(, 0)
};

static const char ftpy_memory[] = {
#embed "modules/_ftpy/memory.py" suffix(, 0)
};

static const char ftpy_usr[] = {
#embed "modules/_ftpy/usr.py" suffix(, 0)
};

static const char uos[] = {
#embed "modules/uos.py" suffix(, 0)
};

static const struct DeviceModule table[] = {
    {"_ftpy", ftpy, sizeof ftpy - 1},
    {"_ftpy.child", ftpy_child, sizeof ftpy_child - 1},
    {"_ftpy.chunk", ftpy_chunk, sizeof ftpy_chunk - 1},
    {"_ftpy.client", ftpy_client, sizeof ftpy_client - 1},
    {"_ftpy.deviceroot", ftpy_deviceroot, sizeof ftpy_deviceroot - 1},
    {"_ftpy.files", ftpy_files, sizeof ftpy_files - 1},
    {"_ftpy.hostpath", ftpy_hostpath, sizeof ftpy_hostpath - 1},
    {"_ftpy.memory", ftpy_memory, sizeof ftpy_memory - 1},
    {"_ftpy.usr", ftpy_usr, sizeof ftpy_usr - 1},
    {"uos", uos, sizeof uos - 1},
};

const struct DeviceModule *device_module(size_t index) {
  return index < sizeof table / sizeof *table ? &table[index] : NULL;
}

#include <string.h>

#include "DeviceModules.h"

static const char ftpy_additions[] = {
#embed "modules/_ftpy/additions.py" suffix(, 0)
};

static const char ftpy_child[] = {
#embed "modules/_ftpy/child.py" suffix(, 0)
};

static const char ftpy_chunk[] = {
#embed "modules/_ftpy/chunk.py" suffix(, 0)
};

static const char ftpy_client[] = {
#embed "../../usr/ftplib/_command/__init__.py" suffix(, 0)
};

static const char ftpy_client_addresses[] = {
#embed "../../usr/ftplib/_command/addresses.py" suffix(, 0)
};

static const char ftpy_client_arguments[] = {
#embed "../../usr/ftplib/_command/arguments.py" suffix(, 0)
};

static const char ftpy_client_get[] = {
#embed "../../usr/ftplib/_command/get.py" suffix(, 0)
};

static const char ftpy_client_ls[] = {
#embed "../../usr/ftplib/_command/ls.py" suffix(, 0)
};

static const char ftpy_client_main[] = {
#embed "../../usr/ftplib/_command/main.py" suffix(, 0)
};

static const char ftpy_client_messages[] = {
#embed "../../usr/ftplib/_command/messages.py" suffix(, 0)
};

static const char ftpy_client_places[] = {
#embed "../../usr/ftplib/_command/places.py" suffix(, 0)
};

static const char ftpy_client_put[] = {
#embed "../../usr/ftplib/_command/put.py" suffix(, 0)
};

static const char ftpy_client_sessions[] = {
#embed "../../usr/ftplib/_command/sessions.py" suffix(, 0)
};

static const char ftpy_client_streams[] = {
#embed "../../usr/ftplib/_command/streams.py" suffix(, 0)
};

static const char ftpy_client_textupload[] = {
#embed "../../usr/ftplib/_command/textupload.py" suffix(, 0)
};

static const char ftpy_client_trees[] = {
#embed "../../usr/ftplib/_command/trees.py" suffix(, 0)
};

static const char ftpy_deviceroot[] = {
#embed "modules/_ftpy/deviceroot.py" suffix(, 0)
};

static const char ftpy_embedding[] = {
#embed "modules/_ftpy/embedding.py" suffix(, 0)
};

static const char ftpy_ending[] = {
#embed "modules/_ftpy/ending.py" suffix(, 0)
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

static const char ftpy_power[] = {
#embed "modules/_ftpy/power.py" suffix(, 0)
};

static const char ftpy_queue[] = {
#embed "modules/_ftpy/queue.py" suffix(, 0)
};

static const char ftpy_refusal[] = {
#embed "modules/_ftpy/refusal.py" suffix(, 0)
};

static const char ftpy_stream[] = {
#embed "modules/_ftpy/stream.py" suffix(, 0)
};

static const char ftpy_stub[] = {
#embed "modules/_ftpy/stub.py" suffix(, 0)
};

static const char ftpy_threads[] = {
#embed "modules/_ftpy/threads.py" suffix(, 0)
};

static const char ftpy_tls[] = {
#embed "modules/_ftpy/tls.py" suffix(, 0)
};

static const char ftpy_usr[] = {
#embed "modules/_ftpy/usr.py" suffix(, 0)
};

static const char checkNet[] = {
#embed "modules/checkNet.py" suffix(, 0)
};

static const char dataCall[] = {
#embed "modules/dataCall.py" suffix(, 0)
};

static const char example[] = {
#embed "modules/example.py" suffix(, 0)
};

static const char log[] = {
#embed "modules/log.py" suffix(, 0)
};

static const char micropython[] = {
#embed "modules/micropython.py" suffix(, 0)
};

static const char misc[] = {
#embed "modules/misc.py" suffix(, 0)
};

static const char modem[] = {
#embed "modules/modem.py" suffix(, 0)
};

static const char net[] = {
#embed "modules/net.py" suffix(, 0)
};

static const char ql_fs[] = {
#embed "modules/ql_fs.py" suffix(, 0)
};

static const char sim[] = {
#embed "modules/sim.py" suffix(, 0)
};

static const char sys_bus[] = {
#embed "modules/sys_bus.py" suffix(, 0)
};

static const char uarray[] = {
#embed "modules/uarray.py" suffix(, 0)
};

static const char ubinascii[] = {
#embed "modules/ubinascii.py" suffix(, 0)
};

static const char ucollections[] = {
#embed "modules/ucollections.py" suffix(, 0)
};

static const char uerrno[] = {
#embed "modules/uerrno.py" suffix(, 0)
};

static const char uhashlib[] = {
#embed "modules/uhashlib.py" suffix(, 0)
};

static const char uio[] = {
#embed "modules/uio.py" suffix(, 0)
};

static const char ujson[] = {
#embed "modules/ujson.py" suffix(, 0)
};

static const char uos[] = {
#embed "modules/uos.py" suffix(, 0)
};

static const char urandom[] = {
#embed "modules/urandom.py" suffix(, 0)
};

static const char ure[] = {
#embed "modules/ure.py" suffix(, 0)
};

static const char uselect[] = {
#embed "modules/uselect.py" suffix(, 0)
};

static const char usocket[] = {
#embed "modules/usocket.py" suffix(, 0)
};

static const char ussl[] = {
#embed "modules/ussl.py" suffix(, 0)
};

static const char ustruct[] = {
#embed "modules/ustruct.py" suffix(, 0)
};

static const char usys[] = {
#embed "modules/usys.py" suffix(, 0)
};

static const char utime[] = {
#embed "modules/utime.py" suffix(, 0)
};

static const char uzlib[] = {
#embed "modules/uzlib.py" suffix(, 0)
};

static const struct DeviceModule table[] = {
    {"_ftpy.additions", ftpy_additions, sizeof ftpy_additions - 1},
    {"_ftpy.child", ftpy_child, sizeof ftpy_child - 1},
    {"_ftpy.chunk", ftpy_chunk, sizeof ftpy_chunk - 1},
    {"_ftpy.client", ftpy_client, sizeof ftpy_client - 1},
    {"_ftpy.client.addresses", ftpy_client_addresses, sizeof ftpy_client_addresses - 1},
    {"_ftpy.client.arguments", ftpy_client_arguments, sizeof ftpy_client_arguments - 1},
    {"_ftpy.client.get", ftpy_client_get, sizeof ftpy_client_get - 1},
    {"_ftpy.client.ls", ftpy_client_ls, sizeof ftpy_client_ls - 1},
    {"_ftpy.client.main", ftpy_client_main, sizeof ftpy_client_main - 1},
    {"_ftpy.client.messages", ftpy_client_messages, sizeof ftpy_client_messages - 1},
    {"_ftpy.client.places", ftpy_client_places, sizeof ftpy_client_places - 1},
    {"_ftpy.client.put", ftpy_client_put, sizeof ftpy_client_put - 1},
    {"_ftpy.client.sessions", ftpy_client_sessions, sizeof ftpy_client_sessions - 1},
    {"_ftpy.client.streams", ftpy_client_streams, sizeof ftpy_client_streams - 1},
    {"_ftpy.client.textupload", ftpy_client_textupload, sizeof ftpy_client_textupload - 1},
    {"_ftpy.client.trees", ftpy_client_trees, sizeof ftpy_client_trees - 1},
    {"_ftpy.deviceroot", ftpy_deviceroot, sizeof ftpy_deviceroot - 1},
    {"_ftpy.embedding", ftpy_embedding, sizeof ftpy_embedding - 1},
    {"_ftpy.ending", ftpy_ending, sizeof ftpy_ending - 1},
    {"_ftpy.files", ftpy_files, sizeof ftpy_files - 1},
    {"_ftpy.hostpath", ftpy_hostpath, sizeof ftpy_hostpath - 1},
    {"_ftpy.memory", ftpy_memory, sizeof ftpy_memory - 1},
    {"_ftpy.power", ftpy_power, sizeof ftpy_power - 1},
    {"_ftpy.queue", ftpy_queue, sizeof ftpy_queue - 1},
    {"_ftpy.refusal", ftpy_refusal, sizeof ftpy_refusal - 1},
    {"_ftpy.stream", ftpy_stream, sizeof ftpy_stream - 1},
    {"_ftpy.stub", ftpy_stub, sizeof ftpy_stub - 1},
    {"_ftpy.threads", ftpy_threads, sizeof ftpy_threads - 1},
    {"_ftpy.tls", ftpy_tls, sizeof ftpy_tls - 1},
    {"_ftpy.usr", ftpy_usr, sizeof ftpy_usr - 1},
    {"checkNet", checkNet, sizeof checkNet - 1},
    {"dataCall", dataCall, sizeof dataCall - 1, .is_stub = true},
    {"example", example, sizeof example - 1},
    {"log", log, sizeof log - 1},
    {"micropython", micropython, sizeof micropython - 1},
    {"misc", misc, sizeof misc - 1, .is_stub = true},
    {"modem", modem, sizeof modem - 1, .is_stub = true},
    {"net", net, sizeof net - 1, .is_stub = true},
    {"ql_fs", ql_fs, sizeof ql_fs - 1},
    {"sim", sim, sizeof sim - 1, .is_stub = true},
    {"sys_bus", sys_bus, sizeof sys_bus - 1},
    {"uarray", uarray, sizeof uarray - 1},
    {"ubinascii", ubinascii, sizeof ubinascii - 1},
    {"ucollections", ucollections, sizeof ucollections - 1},
    {"uerrno", uerrno, sizeof uerrno - 1},
    {"uhashlib", uhashlib, sizeof uhashlib - 1},
    {"uio", uio, sizeof uio - 1},
    {"ujson", ujson, sizeof ujson - 1},
    {"uos", uos, sizeof uos - 1},
    {"urandom", urandom, sizeof urandom - 1},
    {"ure", ure, sizeof ure - 1},
    {"uselect", uselect, sizeof uselect - 1},
    {"usocket", usocket, sizeof usocket - 1},
    {"ussl", ussl, sizeof ussl - 1},
    {"ustruct", ustruct, sizeof ustruct - 1},
    {"usys", usys, sizeof usys - 1},
    {"utime", utime, sizeof utime - 1},
    {"uzlib", uzlib, sizeof uzlib - 1},
};

const struct DeviceModule *device_module(size_t index) {
  return index < sizeof table / sizeof *table ? &table[index] : NULL;
}

const struct DeviceModule *device_module_named(const char *name) {
  for (size_t index = 0; index < sizeof table / sizeof *table; index++)
    if (strcmp(table[index].name, name) == 0)
      return &table[index];
  return NULL;
}

bool device_alone_has(const char *name) {
  static const char *const names[] = {
      "SecureData", "TenCentYun",  "WDT",        "WLAN",     "aLiYun",     "app_fota", "app_fota_download",
      "app_fota_mount", "atcmd",   "audio",      "ble",      "bt",         "camera",   "cellLocator",
      "esim",       "ethernet",    "fota",       "gnss",     "lcd",        "lvgl",     "machine",
      "ntptime",    "osTimer",     "pm",         "qrcode",   "quecIot",    "quecgnss", "request",
      "securedata", "sms",         "system",     "uasyncio", "umqtt",      "uping",    "uwebsocket",
      "voiceCall",  "webserver",   "wifiScan",   "wifilocator",
  };
  for (size_t index = 0; index < sizeof names / sizeof *names; index++)
    if (strcmp(names[index], name) == 0)
      return true;
  return false;
}

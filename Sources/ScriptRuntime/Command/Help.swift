/// The text of `ftpy --help`: one screen of 80 columns and 24 lines.
enum Help {
  static let text = """
    usage: ftpy [option] ... [-c CODE | -m MODULE | SCRIPT | -] [ARGUMENT] ...

    Runs Python scripts written for QuecPython modules. "from usr.ftplib import FTP"
    is the FTP client in this program; "uos" is there without an import.

      SCRIPT       run a file, or the __main__.py of a folder or zip file
      -c CODE      run CODE
      -m MODULE    run a module as a script
      -            run what comes on standard input
      (nothing)    the prompt with history and completion; from a pipe the same as -
      --root DIR   DIR is the device's "/": /usr and /bak are folders in it
      --boot       run usr/main.py as a module does at power-on, then the prompt
      -i           go on to the prompt after the script
      -X heapsize=512K, -X timeout=30    the memory and the seconds that it may take
      --progress   show each transfer
      -q           no banner at the prompt
      -v           tell what is imported from where, and what is passed over
      -V           the versions of ftpy and of its Python
    All other options are those of python3 (--help-all lists them).

    examples:
      ftpy upload.py ftp.example.com log.txt
      ftpy -c 'print(uos.listdir("usr"))'
      ftpy --root device --boot

    """
}

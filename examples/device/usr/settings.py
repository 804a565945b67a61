"""What differs from station to station."""

HOST = "127.0.0.1"
PORT = 2121
USER = "ftpuser"
PASSWORD = "ftpuser-pw"
DIRECTORY = "/home/ftpuser"

NAME = "station"
FIRMWARE = "ftp_file.bin"

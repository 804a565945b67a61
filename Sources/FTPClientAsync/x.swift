public import FTPClient

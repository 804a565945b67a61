# The documentation's download, as it is printed there: `return` at the top level tells the program how it went.
# The program has set host, port, user and password.
from usr.ftplib import FTP

ftp = FTP(host=host, port=port, user=user, passwd=password)
report(f"connected: {ftp.getwelcome()}")

with open("/usr/ftp_file.bin", "wb+") as save_fp:
    status = ftp.retrbinary("RETR /home/ftpuser/ftp_file.bin", save_fp.write)
if status.startswith("226"):
    report("downloaded " + str(uos.stat("/usr/ftp_file.bin")[6]) + " bytes")
    ftp.quit()
    return True

ftp.quit()
return False

"""The stores of files on either side: folders, sftp, s3."""

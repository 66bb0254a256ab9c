"""A stock client of tus, as a script would use it: uploads one file and goes on after every fault.

Arguments: the endpoint, the file, its metadata as JSON, the length of a part. The access token is in TOKEN. With
EXTENSIONS it sends the checksum of each part.
"""

import json
import os
import sys
import time

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

FAULTS = (TusCommunicationError, TusUploadFailed, requests.exceptions.RequestException, OSError)
FAULTS_MAX = 500

endpoint, file, metadata, part = sys.argv[1:5]
client = TusClient(endpoint, headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})
place = None
for _ in range(FAULTS_MAX):
    try:
        uploader = client.uploader(
            file_path=file,
            chunk_size=int(part),
            metadata=json.loads(metadata),
            url=place,
            upload_checksum="EXTENSIONS" in os.environ,
        )
        while uploader.offset < uploader.get_file_size():
            try:
                uploader.upload_chunk()
            finally:
                place = uploader.url
        print(place)
        sys.exit(0)
    except FAULTS as fault:
        print(repr(fault), file=sys.stderr)
        time.sleep(0.05)
sys.exit(1)

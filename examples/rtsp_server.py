"""An RTSP server from Debian's GStreamer packages, run by the system's Python: it serves an H.264
file in MP4, again and again.

    /usr/bin/python3 rtsp_server.py FILE.mp4 [user:password] [--record OUT.h264]

Prints the port, then serves rtsp://127.0.0.1:PORT/clip until it is ended. With --record,
rtsp://127.0.0.1:PORT/in takes a stream.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main(arguments):
    record = arguments[arguments.index("--record") + 1] if "--record" in arguments else None
    wanted = int(arguments[arguments.index("--port") + 1]) if "--port" in arguments else 0
    plain = [
        a
        for i, a in enumerate(arguments)
        if not a.startswith("--") and (i == 0 or not arguments[i - 1].startswith("--"))
    ]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(wanted))
    clip = GstRtspServer.RTSPMediaFactory()
    clip.set_launch(
        f'( filesrc location="{plain[0]}" ! qtdemux ! rtph264pay name=pay0 pt=96 '
        "config-interval=-1 )"
    )
    clip.set_shared(False)
    server.get_mount_points().add_factory("/clip", clip)
    factories = [clip]
    if record:
        taker = GstRtspServer.RTSPMediaFactory()
        taker.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
        kept = f'filesink location="{record}" sync=false'
        taker.set_launch(
            f"( rtph264depay name=depay0 ! video/x-h264,stream-format=byte-stream ! {kept} )"
        )
        server.get_mount_points().add_factory("/in", taker)
        factories.append(taker)
    if len(plain) > 1:
        user, password = plain[1].split(":")
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        server.set_auth(auth)
        for factory in factories:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(permissions)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main(sys.argv[1:])

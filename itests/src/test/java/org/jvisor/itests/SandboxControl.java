// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jvisor.launcher.control.BodyReader;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.Messages;

/** A connection to a sandbox's control socket: for many requests, each of which would take another runsc. */
final class SandboxControl implements AutoCloseable {
    private static final int HEADER_BYTES = 16;

    private final SocketChannel channel;
    private long requests;

    /**
     * What came of a request.
     *
     * @param problem empty if there was none
     * @param done for people
     */
    record Answer(String problem, String done) {}

    SandboxControl(Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    Answer install(String name, byte[] jar) throws IOException {
        return install(name, jar, 0);
    }

    /** @param limitMillis for each step; 0: as usual */
    Answer install(String name, byte[] jar, long limitMillis) throws IOException {
        beginInstall(name, jar, limitMillis);
        return receive();
    }

    /** The answer is not waited for: nothing else can be asked for on this connection. */
    void beginInstall(String name, byte[] jar, long limitMillis) throws IOException {
        BodyWriter body = new BodyWriter();
        body.text(name);
        body.number(limitMillis);
        body.blob(jar);
        send(Messages.INSTALL, body.bytes());
    }

    Answer uninstall(String name) throws IOException {
        BodyWriter body = new BodyWriter();
        body.text(name);
        send(Messages.UNINSTALL, body.bytes());
        return receive();
    }

    /** As {@code runsc bundle list}. */
    String bundles() throws IOException {
        send(Messages.BUNDLES, new byte[0]);
        ByteBuffer header = read(HEADER_BYTES);
        return new BodyReader(read(header.getInt(Integer.BYTES)).array()).text();
    }

    private void send(int type, byte[] request) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + request.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(type).putInt(request.length).putLong(++requests).put(request).flip();
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    /** The answer to what was begun. */
    Answer receive() throws IOException {
        ByteBuffer header = read(HEADER_BYTES);
        BodyReader answer = new BodyReader(read(header.getInt(Integer.BYTES)).array());
        return new Answer(answer.text(), answer.text());
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException();
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}

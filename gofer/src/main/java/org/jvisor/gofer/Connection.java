// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.util.concurrent.CountDownLatch;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Port;

/**
 * One connection and its export, served by a few workers: a request that waits for the disk does not hold up the others. Each
 * worker receives, answers and sends by itself, so that a lone request costs no switch between threads.
 *
 * <p>In plain 9P2000.L requests are taken in one after the other, which Tflush needs; in 9P2000.L.jvisor, whose Tflush promises
 * nothing, every idle worker waits in the port.
 */
final class Connection {
    static final int MAX_WORKERS = 8;
    private static final int STACK_BYTES = 256 << 10;

    final HostKernel host;
    final Export export;
    final FidTable fids = new FidTable();
    final int procFd;
    /** Counted down when the last worker is gone. */
    private final CountDownLatch done;

    private final P9Port port;
    private final Object receiveOrder = new Object();
    private volatile boolean jvisor;
    private volatile int messageSize;

    /** Guarded by this, as is all below. */
    private final Worker[] workers = new Worker[MAX_WORKERS];

    private int workerCount;
    private int running;
    private int idle;
    private long requests;
    /** Of xattr transfers under way, each of which holds a value in memory. */
    private int transfers;

    Connection(HostKernel host, P9Port port, Export export, int procFd, CountDownLatch done) {
        this.host = host;
        this.port = port;
        this.export = export;
        this.procFd = procFd;
        this.done = done;
        messageSize = port.messageSize();
    }

    void start() {
        addWorker();
    }

    private synchronized void addWorker() {
        if (workerCount == MAX_WORKERS) {
            return;
        }
        Worker worker = new Worker(this, port.messageSize());
        workers[workerCount++] = worker;
        running++;
        idle++;
        Thread thread = new Thread(null, worker, "9p", STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    // ---- what was negotiated

    boolean isJvisor() {
        return jvisor;
    }

    int messageSize() {
        return messageSize;
    }

    int maximumMessageSize() {
        return port.messageSize();
    }

    /** A session begins: nothing of the one before remains. */
    void negotiated(int size, boolean isJvisor) {
        fids.clear();
        messageSize = size;
        jvisor = isJvisor;
        synchronized (this) {
            transfers = 0;
        }
    }

    // ---- requests

    /** Takes the next request in for {@code worker}; false at the end of the connection. */
    boolean receive(Worker worker) {
        long length;
        if (jvisor) {
            length = port.receive(worker.in);
            return length > 0 && begin(worker);
        }
        synchronized (receiveOrder) {
            length = port.receive(worker.in);
            return length > 0 && begin(worker);
        }
    }

    private synchronized boolean begin(Worker worker) {
        worker.request = ++requests;
        if (--idle == 0) {
            addWorker();
        }
        return true;
    }

    /** Sends the answer to the request that {@code worker} has dealt with. */
    void answer(Worker worker) {
        if (port.send(worker.out) < 0) {
            port.close();
        }
        synchronized (this) {
            idle++;
            worker.request = Worker.IDLE;
            notifyAll();
        }
    }

    /** Waits until no request with {@code tag} that came before the one of {@code worker} is under way. */
    synchronized void awaitEarlier(Worker worker, int tag) {
        while (isEarlierUnderWay(worker, tag)) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private boolean isEarlierUnderWay(Worker worker, int tag) {
        for (int i = 0; i < workerCount; i++) {
            Worker other = workers[i];
            if (other.request != Worker.IDLE && other.request < worker.request && other.in.tag() == tag) {
                return true;
            }
        }
        return false;
    }

    /** Room for one more extended attribute in transfer? */
    synchronized boolean addTransfer() {
        if (transfers == XattrRequests.MAX_TRANSFERS) {
            return false;
        }
        transfers++;
        return true;
    }

    synchronized void removeTransfer() {
        transfers = Math.max(transfers - 1, 0);
    }

    /** A worker ends, because the connection has. */
    void ended(Worker worker) {
        port.close();
        synchronized (this) {
            worker.request = Worker.IDLE;
            notifyAll();
            if (--running > 0) {
                return;
            }
        }
        fids.clear();
        done.countDown();
    }
}

# The base of a node: what kind's own recipe (images/base/Dockerfile in its module) makes, of Debian's packages.
ARG ROOTFS
FROM $ROOTFS
# From kind's module.
COPY files/ /
COPY bin/ /usr/local/bin/
COPY cni/ /opt/cni/bin/
RUN chmod -R u=rwX,go=rX /kind /etc/containerd /etc/systemd/system /usr/local/bin /opt/cni \
    && chmod 755 /usr/local/bin/* /kind/bin/* \
    && find /lib/systemd/system/sysinit.target.wants/ -name systemd-tmpfiles-setup.service -delete \
    && rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/* \
      /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/sockets.target.wants/*udev* \
      /lib/systemd/system/sockets.target.wants/*initctl* /lib/systemd/system/basic.target.wants/* \
    && echo ReadKMsg=no >>/etc/systemd/journald.conf \
    && ln -sf /usr/lib/systemd/systemd /sbin/init \
    && systemctl enable kubelet.service containerd.service undo-mount-hacks.service \
    && systemctl mask systemd-binfmt.service \
    && mkdir -p /etc/kubernetes/manifests \
    # Lowering it takes CAP_SYS_RESOURCE, which a node may not have.
    && sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' /etc/containerd/config.toml \
    && ctr oci spec \
      | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
      >/etc/containerd/cri-base.json
ENV container=docker
# systemd ends on this one.
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]

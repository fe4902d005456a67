# kube-proxy runs the iptables of its own image.
ARG ROOTFS
FROM $ROOTFS AS rootfs
RUN mkdir /stage \
    && ldd /usr/sbin/xtables-nft-multi /usr/lib/*/xtables/*.so | grep -oP '\s\K/[^ ]+' | sort -u \
      | xargs cp -L --parents -t /stage \
    && cp -a --parents /usr/sbin/xtables-nft-multi /usr/sbin/ip*tables* /etc/alternatives/ip*tables* /usr/lib/*/xtables /stage
FROM scratch
COPY --from=rootfs /stage /
COPY kube-proxy /usr/local/bin/

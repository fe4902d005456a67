# A shell and what goes with it, for pods.
ARG ROOTFS
FROM $ROOTFS AS rootfs
FROM scratch
COPY --from=rootfs /bin/busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp
CMD ["sh"]
